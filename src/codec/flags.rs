//! What the flags of an item mean to each client: one table a client.

use super::Client;

/// The pickle bit, common to all.
pub(super) const PICKLE: u32 = 1;
/// An int; in pylibmc 1.6 a bool that reads back as an int.
pub(super) const INT: u32 = 2;
/// A long of Python 2, or pylibmc's and libmc's int.
pub(super) const LONG: u32 = 4;
/// A zlib stream around the payload, and a bool to libmc.
pub(super) const ZLIB: u32 = 8;
/// Text, a bool, bytes or zlib, by client.
pub(super) const SIXTEEN: u32 = 16;
/// `marshal` of libmc.
pub(super) const MARSHAL: u32 = 32;
/// The chunk count of libmc.
pub(super) const CHUNKED: u32 = 4096;

/// What a payload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Chunked,
    Int,
    Marshal,
    Pickle,
    Text,
}

/// The layers of an item: zlib or not, then the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layers {
    pub(super) zlib: bool,
    pub(super) kind: Kind,
}

/// Returns the layers that the flags announce in this client's table; `None` if it has no such flags.
pub(super) fn layers(client: Client, flags: u32) -> Option<Layers> {
    let zlib_bit = zlib_bit(client);
    let libmc = client == Client::Libmc;
    let kind = match flags & !zlib_bit {
        0 if client == Client::Bmemcached => Kind::Text,
        0 => Kind::Bytes,
        PICKLE => Kind::Pickle,
        // libmc has no flag 2 on Python 3.
        INT if libmc => return None,
        INT | LONG => Kind::Int,
        ZLIB => Kind::Bool,
        SIXTEEN => sixteen(client),
        MARSHAL if libmc => Kind::Marshal,
        CHUNKED if libmc => Kind::Chunked,
        _ => return None,
    };
    Some(Layers { zlib: flags & zlib_bit != 0, kind })
}

/// Returns what the flags alone say of a value: the `type` of a decoded one, or `None` if the client has no such flags.
#[must_use]
pub fn kind(client: Client, flags: u32) -> Option<&'static str> {
    Some(match layers(client, flags)?.kind {
        Kind::Bool => "bool",
        Kind::Bytes => "bytes",
        Kind::Chunked => "libmc-chunks",
        Kind::Int => "int",
        Kind::Marshal => "marshal",
        Kind::Pickle => "pickle",
        Kind::Text => "text",
    })
}

/// What flag 16 means, to a client to which it is not zlib.
fn sixteen(client: Client) -> Kind {
    match client {
        Client::Pylibmc15 => Kind::Bool,
        Client::Bmemcached => Kind::Bytes,
        _ => Kind::Text,
    }
}

/// The bit with which the client marks a zlib stream.
pub(super) fn zlib_bit(client: Client) -> u32 {
    if client == Client::Libmc { SIXTEEN } else { ZLIB }
}

/// The flags with which the client stores a payload of this kind; `None` if it has no such kind.
pub(super) fn flags(client: Client, kind: Kind) -> Option<u32> {
    let (text, bytes, int, bool) = match client {
        Client::Pylibmc => (Some(SIXTEEN), 0, LONG, Some(INT)),
        Client::Pylibmc15 => (None, 0, LONG, Some(SIXTEEN)),
        Client::PythonMemcached | Client::Pymemcache => (Some(SIXTEEN), 0, INT, None),
        Client::Bmemcached => (Some(0), SIXTEEN, INT, None),
        Client::Libmc => (None, 0, LONG, Some(ZLIB)),
    };
    match kind {
        Kind::Text => text,
        Kind::Bytes => Some(bytes),
        Kind::Int => Some(int),
        Kind::Bool => bool,
        Kind::Pickle => Some(PICKLE),
        Kind::Marshal => (client == Client::Libmc).then_some(MARSHAL),
        Kind::Chunked => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_writes_it_reads_as_the_same_kind() {
        let kinds = [Kind::Bool, Kind::Bytes, Kind::Int, Kind::Marshal, Kind::Pickle, Kind::Text];
        for client in Client::ALL {
            for kind in kinds {
                let Some(flags) = flags(client, kind) else { continue };
                let Some(read) = layers(client, flags) else { panic!("{client} cannot read {flags}") };
                assert!(!read.zlib);
                // pylibmc 1.6 reads a bool back as an int (flask-formats: flags by client).
                let expected = if (client, kind) == (Client::Pylibmc, Kind::Bool) { Kind::Int } else { kind };
                assert_eq!(read.kind, expected, "{client} {flags}");
            }
        }
    }

    #[test]
    fn the_zlib_bit_comes_on_top() {
        let read = |client, flags| layers(client, flags).map(|layers| (layers.zlib, layers.kind));
        assert_eq!(read(Client::Pylibmc, 24), Some((true, Kind::Text)));
        assert_eq!(read(Client::Pylibmc, 9), Some((true, Kind::Pickle)));
        assert_eq!(read(Client::Pylibmc, 12), Some((true, Kind::Int)));
        assert_eq!(read(Client::Bmemcached, 8), Some((true, Kind::Text)));
        assert_eq!(read(Client::Libmc, 48), Some((true, Kind::Marshal)));
        assert_eq!(read(Client::Libmc, 8), Some((false, Kind::Bool)));
        assert_eq!(read(Client::Pylibmc, 32), None);
        assert_eq!(read(Client::Pylibmc, 17), None);
    }
}
