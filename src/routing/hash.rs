//! The hash functions that memcached clients put keys and servers through.

use md5::Digest as _;
use md5::Md5;

/// A hash function from bytes to 32 bits, named as pylibmc, PHP and twemproxy name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// CRC-32, bits 16 to 30 of it: 32768 values.
    Crc,
    /// CRC-16 as in XMODEM in a register of 32 bits, its upper half kept (twemproxy).
    Crc16,
    /// CRC-32 as zlib has it (twemproxy).
    Crc32a,
    /// Jenkins' one-at-a-time, libmemcached's default.
    Default,
    Fnv1a32,
    Fnv1a64,
    Fnv1_32,
    Fnv1_64,
    Hsieh,
    Jenkins,
    Md5,
    Murmur,
    /// MurmurHash3 as libhashkit seeds it; no client lets its user choose it.
    #[cfg(test)]
    Murmur3,
}

/// How the C compiler of the application's machine widens a `char`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Chars {
    /// x86, x86-64, and macOS on ARM.
    #[default]
    Signed,
    /// Linux on ARM and POWER.
    Unsigned,
}

impl Hash {
    /// Returns the hash of some bytes.
    pub(super) fn digest(self, bytes: &[u8], chars: Chars) -> u32 {
        match self {
            Self::Crc => crc32fast::hash(bytes) >> 16 & 0x7FFF,
            Self::Crc16 => crc16(bytes),
            Self::Crc32a => crc32fast::hash(bytes),
            Self::Default => one_at_a_time(bytes, chars),
            Self::Fnv1a32 => fnv1a(bytes, FNV_32_START, FNV_32_PRIME, chars),
            Self::Fnv1a64 => fnv1a(bytes, FNV_64_START, FNV_64_PRIME, chars),
            Self::Fnv1_32 => fnv1(bytes, FNV_32_START, FNV_32_PRIME, chars),
            Self::Fnv1_64 => fnv1(bytes, FNV_64_START, FNV_64_PRIME, chars),
            Self::Hsieh => hsieh(bytes, chars),
            Self::Jenkins => jenkins(bytes),
            Self::Md5 => md5_words(bytes)[0],
            Self::Murmur => murmur2(bytes),
            #[cfg(test)]
            Self::Murmur3 => {
                let mut state = Murmur3::new(0xDEAD_BEEF_u32.wrapping_mul(length(bytes)));
                bytes.iter().for_each(|&byte| state.push(byte));
                state.finish()
            }
        }
    }

    /// Says whether bytes from 0x80 up hash differently where `char` is unsigned.
    pub(super) fn reads_chars(self) -> bool {
        matches!(
            self,
            Self::Default | Self::Fnv1a32 | Self::Fnv1a64 | Self::Fnv1_32 | Self::Fnv1_64 | Self::Hsieh
        )
    }

    /// Returns the number of values that the function can take.
    pub(super) fn span(self) -> f64 {
        if self == Self::Crc { 32_768.0 } else { 4_294_967_296.0 }
    }
}

/// Returns the MD5 digest as four little-endian words.
pub(super) fn md5_words(bytes: &[u8]) -> [u32; 4] {
    let digest = u128::from_le_bytes(Md5::digest(bytes).into());
    // Truncation is the point: each word is 32 bits of the digest.
    [digest as u32, (digest >> 32) as u32, (digest >> 64) as u32, (digest >> 96) as u32]
}

/// The length of a key as the 32 bits that C code keeps of it.
fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}

/// A byte widened to 32 bits through C's `char`.
fn widened(byte: u8, chars: Chars) -> u32 {
    match chars {
        Chars::Signed => i32::from(byte.cast_signed()).cast_unsigned(),
        Chars::Unsigned => u32::from(byte),
    }
}

/// Up to four bytes as a little-endian number.
fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

/// libhashkit `one_at_a_time.cc`.
fn one_at_a_time(bytes: &[u8], chars: Chars) -> u32 {
    let mut value = 0_u32;
    for &byte in bytes {
        value = value.wrapping_add(widened(byte, chars));
        value = value.wrapping_add(value << 10);
        value ^= value >> 6;
    }
    value = value.wrapping_add(value << 3);
    value ^= value >> 11;
    value.wrapping_add(value << 15)
}

const FNV_32_START: u32 = 0x811C_9DC5;
const FNV_32_PRIME: u32 = 0x0100_0193;

// The "64-bit" variants need no more than 32 bits: the low half of a product depends on the low halves alone, libhashkit
// returns the low half of `fnv1_64`, and keeps `fnv1a_64` in 32 bits from the start (`fnv_64.cc`).
const FNV_64_START: u32 = 0x8422_2325;
const FNV_64_PRIME: u32 = 0x0000_01B3;

fn fnv1(bytes: &[u8], start: u32, prime: u32, chars: Chars) -> u32 {
    bytes.iter().fold(start, |value, &byte| value.wrapping_mul(prime) ^ widened(byte, chars))
}

fn fnv1a(bytes: &[u8], start: u32, prime: u32, chars: Chars) -> u32 {
    bytes.iter().fold(start, |value, &byte| (value ^ widened(byte, chars)).wrapping_mul(prime))
}

/// MurmurHash2 (libhashkit `murmur.cc`).
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5BD1_E995;
    let mut value = 0xDEAD_BEEF_u32.wrapping_mul(length(bytes)) ^ length(bytes);
    let mut blocks = bytes.chunks_exact(4);
    for block in &mut blocks {
        let word = little_endian(block).wrapping_mul(M);
        value = value.wrapping_mul(M) ^ (word ^ word >> 24).wrapping_mul(M);
    }
    let tail = blocks.remainder();
    if !tail.is_empty() {
        value = (value ^ little_endian(tail)).wrapping_mul(M);
    }
    value = (value ^ value >> 13).wrapping_mul(M);
    value ^ value >> 15
}

/// Bob Jenkins' lookup3 `hashlittle` with the start value 13 (libhashkit `jenkins.cc`).
fn jenkins(bytes: &[u8]) -> u32 {
    let start = 0xDEAD_BEEF_u32.wrapping_add(length(bytes)).wrapping_add(13);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = bytes;
    while rest.len() > 12 {
        let (block, after) = rest.split_at(12);
        rest = after;
        a = a.wrapping_add(little_endian(&block[..4]));
        b = b.wrapping_add(little_endian(&block[4..8]));
        c = c.wrapping_add(little_endian(&block[8..]));
        a = a.wrapping_sub(c) ^ c.rotate_left(4);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(6);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(8);
        b = b.wrapping_add(a);
        a = a.wrapping_sub(c) ^ c.rotate_left(16);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(19);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(4);
        b = b.wrapping_add(a);
    }
    if rest.is_empty() {
        return c;
    }
    let mut padded = [0; 12];
    padded[..rest.len()].copy_from_slice(rest);
    a = a.wrapping_add(little_endian(&padded[..4]));
    b = b.wrapping_add(little_endian(&padded[4..8]));
    c = c.wrapping_add(little_endian(&padded[8..]));
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

/// Paul Hsieh's SuperFastHash as libhashkit has it: it starts at 0 (`hsieh.cc`).
fn hsieh(bytes: &[u8], chars: Chars) -> u32 {
    let mut value = 0_u32;
    let mut blocks = bytes.chunks_exact(4);
    for block in &mut blocks {
        value = value.wrapping_add(little_endian(&block[..2]));
        value = value << 16 ^ little_endian(&block[2..]) << 11 ^ value;
        value = value.wrapping_add(value >> 11);
    }
    match *blocks.remainder() {
        [first, second, third] => {
            value = value.wrapping_add(little_endian(&[first, second]));
            value ^= value << 16;
            value ^= widened(third, chars) << 18;
            value = value.wrapping_add(value >> 11);
        }
        [first, second] => {
            value = value.wrapping_add(little_endian(&[first, second]));
            value ^= value << 11;
            value = value.wrapping_add(value >> 17);
        }
        [only] => {
            value = value.wrapping_add(u32::from(only));
            value ^= value << 10;
            value = value.wrapping_add(value >> 1);
        }
        _ => {}
    }
    if bytes.is_empty() {
        return 0;
    }
    value ^= value << 3;
    value = value.wrapping_add(value >> 5);
    value ^= value << 4;
    value = value.wrapping_add(value >> 17);
    value ^= value << 25;
    value.wrapping_add(value >> 6)
}

/// twemproxy 0.5 `hash_crc16`: the XMODEM table, but what is shifted out of the low 16 bits stays.
fn crc16(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, &byte| {
        let row = (value >> 8 ^ u32::from(byte)) & 0xFF;
        value << 8 ^ u32::from(XMODEM[row as usize])
    })
}

/// CRC-16 of each byte with the polynomial 0x1021.
const XMODEM: [u16; 256] = {
    let mut table = [0; 256];
    let mut row = 0;
    while row < 256 {
        let mut value = (row as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000 == 0 { value << 1 } else { value << 1 ^ 0x1021 };
            bit += 1;
        }
        table[row] = value;
        row += 1;
    }
    table
};

/// MurmurHash3 x86_32, fed byte by byte.
#[derive(Clone, Debug)]
pub(super) struct Murmur3 {
    value: u32,
    word: u32,
    length: u32,
}

impl Murmur3 {
    /// Starts with a seed.
    pub(super) fn new(seed: u32) -> Self {
        Self { value: seed, word: 0, length: 0 }
    }

    /// Takes one more byte.
    pub(super) fn push(&mut self, byte: u8) {
        self.word |= u32::from(byte) << (8 * (self.length & 3));
        self.length = self.length.wrapping_add(1);
        if self.length & 3 == 0 {
            self.value ^= Self::mixed(self.word);
            self.value = self.value.rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64);
            self.word = 0;
        }
    }

    /// Returns the hash of what was pushed.
    pub(super) fn finish(&self) -> u32 {
        // A word of no bytes is 0 and mixes to 0.
        let mut value = self.value ^ Self::mixed(self.word) ^ self.length;
        value = (value ^ value >> 16).wrapping_mul(0x85EB_CA6B);
        value = (value ^ value >> 13).wrapping_mul(0xC2B2_AE35);
        value ^ value >> 16
    }

    fn mixed(word: u32) -> u32 {
        word.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593)
    }
}

#[cfg(test)]
mod tests {
    use super::Chars;
    use super::Hash;

    const COLUMNS: [Hash; 10] = [
        Hash::Default,
        Hash::Md5,
        Hash::Crc,
        Hash::Fnv1_64,
        Hash::Fnv1a64,
        Hash::Fnv1_32,
        Hash::Fnv1a32,
        Hash::Murmur,
        Hash::Jenkins,
        Hash::Murmur3,
    ];

    #[test]
    fn digests_are_those_of_libhashkit_on_x86_64() {
        let long = "k".repeat(200);
        #[rustfmt::skip]
        let rows: [(&str, [u32; 10]); 7] = [
            ("a", [0xca2e9442, 0xb975c10c, 0x68b7, 0x8601b7be, 0x8601ec8c, 0x050c5d7e, 0xe40c292c, 0x4b41757c, 0xe0a38690, 0x8872dbc8]),
            ("foo", [0x238678dd, 0xdb18bdac, 0x0c73, 0x6ba13533, 0xfed9d577, 0x408f5e13, 0xa9f37ed7, 0xc4e0338f, 0x99f84f99, 0xa5f500b2]),
            ("hello-world", [0x067c3a99, 0x21319520, 0x31d4, 0x57a1dc44, 0xf8d4d10e, 0x37f95364, 0x428d118e, 0x2aecbef1, 0xe43145aa, 0xc6a8c485]),
            (":1:user", [0xd3a88d22, 0xc05719f3, 0x191f, 0x4791c301, 0x0d15266d, 0xfd36db61, 0x1984f78d, 0xa2ca07b6, 0x7e71518d, 0xad972a6f]),
            ("é", [0x019148ae, 0x97cddd66, 0x0e04, 0xb4eb783d, 0xb4cc3001, 0x16769ffd, 0x3cfa68c1, 0x7ddc1147, 0x37ac74de, 0xb51fde2d]),
            ("日本語", [0x52b329b8, 0xf80a1100, 0x280b, 0x0a4e4453, 0x675ea287, 0x349c3df3, 0x125c3fe7, 0xb3d10343, 0xc3c6add4, 0x49c5e0b0]),
            (&long, [0x3a29c233, 0x94c60121, 0x42c0, 0xdc63fbcd, 0xa4f1289d, 0x6389deed, 0x98e2a5bd, 0x36bde444, 0xb2ef0687, 0x0528ed73]),
        ];
        for (key, row) in rows {
            for (hash, wanted) in COLUMNS.into_iter().zip(row) {
                assert_eq!(hash.digest(key.as_bytes(), Chars::Signed), wanted, "{hash:?} of {key}");
            }
        }
    }

    #[test]
    fn unsigned_chars_change_five_functions() {
        let rows = [
            ("é", Hash::Default, 0xae86_00ef),
            ("é", Hash::Fnv1_64, 0xb4ea_243d),
            ("é", Hash::Fnv1a64, 0xb718_1e01),
            ("é", Hash::Fnv1_32, 0xce77_c1fd),
            ("é", Hash::Fnv1a32, 0x1e9d_e8c1),
            ("日本語", Hash::Default, 0x9379_85cb),
            ("日本語", Hash::Fnv1a32, 0x805f_5ce7),
        ];
        for (key, hash, wanted) in rows {
            assert_eq!(hash.digest(key.as_bytes(), Chars::Unsigned), wanted, "{hash:?} of {key}");
            assert!(hash.reads_chars());
        }
        for hash in
            [Hash::Md5, Hash::Crc, Hash::Murmur, Hash::Jenkins, Hash::Murmur3, Hash::Crc16, Hash::Crc32a]
        {
            assert!(!hash.reads_chars());
            let (signed, unsigned) =
                (hash.digest("é".as_bytes(), Chars::Signed), hash.digest("é".as_bytes(), Chars::Unsigned));
            assert_eq!(signed, unsigned, "{hash:?}");
        }
    }

    #[test]
    fn empty_keys_have_hashes_too() {
        assert_eq!(Hash::Jenkins.digest(b"", Chars::Signed), 0xDEAD_BEEF + 13);
        for hash in [Hash::Default, Hash::Crc, Hash::Crc16, Hash::Hsieh, Hash::Murmur] {
            assert_eq!(hash.digest(b"", Chars::Signed), 0, "{hash:?}");
        }
    }

    // Values of libhashkit's hsieh.cc compiled by gcc 12 on x86-64, without and with -funsigned-char.
    #[test]
    fn hsieh_reads_its_third_tail_byte_as_a_char() {
        let rows: [(&str, u32, u32); 7] = [
            ("a", 0x9364_2e87, 0x9364_2e87),
            ("fo", 0x25c8_f4e6, 0x25c8_f4e6),
            ("foo", 0x76d4_d427, 0x76d4_d427),
            ("hello-world", 0xd0c2_eaa6, 0xd0c2_eaa6),
            (":1:user", 0x8cb9_6413, 0x8cb9_6413),
            ("é", 0xbeea_177b, 0xbeea_177b),
            ("xé", 0xd7d4_2de1, 0x2d4f_2217),
        ];
        for (key, signed, unsigned) in rows {
            assert_eq!(Hash::Hsieh.digest(key.as_bytes(), Chars::Signed), signed, "{key}");
            assert_eq!(Hash::Hsieh.digest(key.as_bytes(), Chars::Unsigned), unsigned, "{key}");
        }
    }

    #[test]
    fn crc16_is_xmodem_with_what_left_the_register_still_there() {
        let value = Hash::Crc16.digest(b"123456789", Chars::Signed);
        assert_eq!(value & 0xFFFF, 0x31C3);
        assert_ne!(value >> 16, 0);
    }
}
