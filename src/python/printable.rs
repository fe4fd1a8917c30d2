//! Which characters a `repr` shows as they are, for each Unicode version.

mod table;

use table::RANGES;

use super::version::PythonVersion;

/// Tells whether `str.isprintable` holds for a code point in that Python's Unicode version.
///
/// Not printable are the general categories Cc, Cf, Cs, Co, Cn, Zl, Zp and Zs except the blank U+0020
/// (CPython `Tools/unicode/makeunicodedata.py`, `PRINTABLE_MASK`).
#[must_use]
pub fn is_printable(code_point: u32, python: PythonVersion) -> bool {
    if code_point < 0x7F {
        return code_point >= 0x20;
    }
    let unicode = python.unicode();
    let after = RANGES.partition_point(|&(first, _, _)| first <= code_point);
    after
        .checked_sub(1)
        .and_then(|index| RANGES.get(index))
        .is_some_and(|&(_, last, since)| code_point <= last && since <= unicode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_printable_from_their_unicode_version_on() {
        let cases = [
            (0x20, "3.11", true),
            (0x7F, "3.11", false),
            (0xA0, "3.11", false),
            (0xA1, "3.6", true),
            (0xAD, "3.11", false),
            (0x301, "3.11", true),
            (0x200B, "3.11", false),
            (0x2028, "3.11", false),
            (0x3000, "3.11", false),
            (0xD800, "3.11", false),
            (0xE000, "3.11", false),
            (0xFEFF, "3.11", false),
            (0x1FAE8, "3.11", false),
            (0x1FAE8, "3.12", true),
            (0x10FFFF, "3.14", false),
            (u32::MAX, "3.14", false),
        ];
        for (code_point, python, expected) in cases {
            assert_eq!(
                is_printable(code_point, python.parse().unwrap()),
                expected,
                "{code_point:x} {python}"
            );
        }
    }

    #[test]
    fn ranges_are_sorted_and_disjoint() {
        for pair in RANGES.windows(2) {
            let [(first, last, _), (next, _, _)] = pair else { unreachable!() };
            assert!(first <= last && last < next, "{first:x} {last:x} {next:x}");
        }
    }
}
