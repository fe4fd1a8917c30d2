//! Listings of all keys: `lru_crawler metadump` and `mgdump`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::log::Encoded;
use super::log::yes_no;
use super::number;
use super::store::Store;
use super::table::Item;
use super::table::mark;

/// As much as one slice lists, in bytes; the store is locked meanwhile.
const SLICE: usize = 64 << 10;

/// A listing under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    form: Form,
    /// The slab classes that are wanted, one bit each.
    classes: u64,
    /// Where it goes on.
    place: u32,
}

/// How items are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All that is known (memcached 1.4.31 and newer).
    Metadump,
    /// Commands that fetch them (memcached 1.6.19 and newer).
    Mgdump,
}

impl Listing {
    pub(super) fn new(form: Form, classes: u64) -> Self {
        Self { form, classes, place: 0 }
    }

    /// Appends the next slice; `false` after the last, with the end line.
    ///
    /// An item that is there all the while has one place, so it is listed exactly once.
    pub(super) fn push(&mut self, store: &Store, out: &mut Vec<u8>) -> bool {
        while out.len() < SLICE {
            let Some((place, item)) = store.table.at_or_after(self.place) else {
                out.extend_from_slice(if self.form == Form::Metadump { b"END\r\n" } else { b"EN\r\n" });
                return false;
            };
            self.place = place + 1;
            let is_wanted = self.classes >> item.class & 1 == 1;
            if is_wanted && !store.is_over(place, 1) && !store.is_flushed(place) {
                match self.form {
                    Form::Metadump => push_metadata(store.epoch, item, out),
                    Form::Mgdump => push_command(item, out),
                }
            }
        }
        true
    }
}

/// `crawler.c:crawler_metadump_eval`; the lines end with LF alone.
fn push_metadata(epoch: u64, item: &Item, out: &mut Vec<u8>) {
    out.extend_from_slice(b"key=");
    Encoded(item.key()).push(out);
    if item.expiry == 0 {
        out.extend_from_slice(b" exp=-1 la=");
    } else {
        out.extend_from_slice(b" exp=");
        number::push(out, epoch + u64::from(item.expiry));
        out.extend_from_slice(b" la=");
    }
    number::push(out, epoch + u64::from(item.time));
    out.extend_from_slice(b" cas=");
    number::push(out, item.cas);
    out.extend_from_slice(b" fetch=");
    out.extend_from_slice(yes_no(item.marks & mark::FETCHED != 0).as_bytes());
    out.extend_from_slice(b" cls=");
    number::push(out, item.class.into());
    out.extend_from_slice(b" size=");
    number::push(out, item.size() as u64);
    out.push(b'\n');
}

/// `crawler.c:crawler_mgdump_eval` of newer servers.
fn push_command(item: &Item, out: &mut Vec<u8>) {
    out.extend_from_slice(b"mg ");
    if item.marks & mark::BINARY_KEY == 0 {
        out.extend_from_slice(item.key());
    } else {
        out.extend_from_slice(STANDARD.encode(item.key()).as_bytes());
        out.extend_from_slice(b" b");
    }
    out.extend_from_slice(b"\r\n");
}
