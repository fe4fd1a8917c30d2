//! Where memcached would put an item: size classes, their pages and chunks, as an account without the memory.
//!
//! Items live in boxes of their own size. The account decides when something must be evicted and what `stats slabs`
//! tells, and does so as memcached's `slabs.c` does with real pages.

/// One page, in bytes; also the largest item unless configured otherwise.
pub(super) const PAGE: usize = 1 << 20;

/// The largest chunk, in bytes; larger items take several (`slab_chunk_max`).
pub(super) const LARGEST_CHUNK: usize = PAGE / 2;

/// How many size classes there can be (`MAX_NUMBER_OF_SLAB_CLASSES`).
pub(super) const CLASSES: usize = 64;

/// What an item takes besides key, flags and value: `sizeof(item)`, the CAS unique, the NUL behind the key.
pub(super) const OVERHEAD: usize = 48 + 8 + 1;

/// A header of a chunk (`sizeof(item_chunk)`).
const CHUNK_HEADER: usize = 48;

/// One size class.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Class {
    pub(super) chunk: usize,
    pub(super) chunks_per_page: usize,
    pub(super) pages: usize,
    pub(super) free: usize,
}

/// All size classes; number 0 is unused.
#[derive(Debug)]
pub(super) struct Slabs {
    pub(super) classes: Vec<Class>,
    pub(super) limit: usize,
    pub(super) item_size_max: usize,
    /// Pages that were moved from one class to another.
    pub(super) moved: u64,
}

/// The chunks of one item: one of a class, and for a large item several of the largest class besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    /// The class whose LRU list has the item.
    pub(super) class: u8,
    /// The class of the first chunk.
    first: u8,
    /// How many of the largest class follow.
    more: usize,
}

impl Slabs {
    /// The classes of memcached's defaults (factor 1.25, 48 bytes, `slabs.c:slabs_init`).
    pub(super) fn new(limit: usize, item_size_max: usize) -> Self {
        let mut classes = vec![Class::default()];
        let mut size = 48 + 48;
        while classes.len() < CLASSES - 1 && size * 5 < LARGEST_CHUNK * 4 {
            size = size.div_ceil(8) * 8;
            classes.push(Class { chunk: size, chunks_per_page: PAGE / size, ..Class::default() });
            size = size * 5 / 4;
        }
        classes.push(Class { chunk: LARGEST_CHUNK, chunks_per_page: 2, ..Class::default() });
        Self { classes, limit, item_size_max, moved: 0 }
    }

    /// The whole size of an item, as `stats sizes`, `me` and listings tell it (`ITEM_ntotal`).
    pub(super) fn item_size(key: usize, flags: u32, value: usize) -> usize {
        OVERHEAD + key + if flags == 0 { 0 } else { 4 } + value + 2
    }

    /// The chunks that an item of this size takes, or `None` if it is larger than the server stores.
    pub(super) fn chunks(&self, size: usize) -> Option<Chunks> {
        if size > self.item_size_max {
            return None;
        }
        let class = self.class_of(size);
        if size <= LARGEST_CHUNK {
            return Some(Chunks { class, first: class, more: 0 });
        }
        let more = size.div_ceil(LARGEST_CHUNK - CHUNK_HEADER);
        Some(Chunks { class, first: self.class_of(OVERHEAD + CHUNK_HEADER), more })
    }

    #[expect(clippy::cast_possible_truncation, reason = "there are 64 classes at most")]
    fn class_of(&self, size: usize) -> u8 {
        let class = self.classes.partition_point(|class| class.chunk < size);
        class.clamp(1, self.largest()) as u8
    }

    fn largest(&self) -> usize {
        self.classes.len() - 1
    }

    /// The classes of the chunks, one by one.
    pub(super) fn each(&self, chunks: Chunks) -> impl Iterator<Item = u8> + use<> {
        #[expect(clippy::cast_possible_truncation, reason = "there are 64 classes at most")]
        let largest = self.largest() as u8;
        std::iter::once(chunks.first).chain(std::iter::repeat_n(largest, chunks.more))
    }

    /// Takes a free chunk of a class, if need be from a page that the limit still allows or another class can spare.
    pub(super) fn take(&mut self, class: u8) -> bool {
        let class = usize::from(class);
        if self.classes[class].free == 0 {
            let may_grow = self.classes[class].pages == 0 || self.allocated() + PAGE <= self.limit;
            if !may_grow && !self.take_page_of_another(class) {
                return false;
            }
            let class = &mut self.classes[class];
            class.pages += 1;
            class.free += class.chunks_per_page;
        }
        self.classes[class].free -= 1;
        true
    }

    /// Gives a chunk back.
    pub(super) fn give(&mut self, class: u8) {
        self.classes[usize::from(class)].free += 1;
    }

    /// What the pages take, in bytes.
    pub(super) fn allocated(&self) -> usize {
        self.classes.iter().map(|class| class.pages).sum::<usize>() * PAGE
    }

    /// A class with more than two and a half free pages loses one (`slab_automove.c`).
    fn take_page_of_another(&mut self, needy: usize) -> bool {
        let spare = self.classes.iter_mut().enumerate().find(|(index, class)| {
            *index != needy && class.pages > 2 && class.free * 2 >= class.chunks_per_page * 5
        });
        let Some((_, class)) = spare else { return false };
        class.pages -= 1;
        class.free -= class.chunks_per_page;
        self.moved += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_memcached() {
        let slabs = Slabs::new(64 << 20, PAGE);
        let sizes: Vec<usize> = slabs.classes.iter().map(|class| class.chunk).collect();
        assert_eq!(sizes[1..8], [96, 120, 152, 192, 240, 304, 384]);
        assert_eq!((sizes.len(), sizes[38], sizes[39]), (40, 394_840, 524_288));
        for (size, class) in [(60, 1), (96, 1), (97, 2), (524_288, 39), (1 << 20, 39)] {
            assert_eq!(slabs.chunks(size).map(|chunks| chunks.class), Some(class), "{size}");
        }
        assert_eq!(slabs.chunks((1 << 20) + 1), None);
    }

    #[test]
    fn every_class_gets_its_first_page_and_the_limit_holds_for_more() {
        let mut slabs = Slabs::new(PAGE, PAGE);
        assert!((0..10_922).all(|_| slabs.take(1)));
        assert!(!slabs.take(1));
        assert!(slabs.take(2));
        slabs.give(1);
        assert!(slabs.take(1));
        assert_eq!(slabs.allocated(), 2 * PAGE);
    }
}
