//! One entry of a server list, from text.

use core::net::Ipv6Addr;

use super::notes;
use super::servers::DEFAULT_PORT;
use super::servers::Endpoint;
use super::servers::EntryFault;
use super::servers::Server;

/// The entry for a message: user information left out, control characters escaped, long ones cut.
pub(super) fn printable(entry: &str) -> String {
    const SHOWN: usize = 80;
    let shown = match entry.rsplit_once('@') {
        Some((_, address)) => format!("…@{address}"),
        // A password that has a comma is cut there, and its first half looks like a port.
        None if entry.starts_with("memcached://") => "memcached://…".to_owned(),
        None => entry.to_owned(),
    };
    let shown: String = shown
        .chars()
        .flat_map(|letter| {
            let escaped = letter.is_control();
            letter.escape_default().filter(move |_| escaped).chain((!escaped).then_some(letter))
        })
        .collect();
    match shown.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &shown[..cut]),
        None => shown,
    }
}

/// Reads an entry that is not empty and has no blanks around it.
pub(super) fn parsed(entry: &str) -> Result<Server, EntryFault> {
    if let Some(rest) = entry.strip_prefix("memcached://") {
        return url(rest);
    }
    if entry.contains('@') && !entry.starts_with('/') && !entry.starts_with("unix:") {
        return Err(EntryFault::Credentials);
    }
    if let Some((scheme, _)) = entry.split_once("://") {
        return Err(EntryFault::Scheme(scheme.to_owned()));
    }
    let (address, name) = match entry.split_once(char::is_whitespace) {
        Some((address, name)) => (address, Some(name.trim_start())),
        None => (entry, None),
    };
    if let Some(letter) = entry.chars().find(|letter| letter.is_control()) {
        return Err(EntryFault::BadCharacter(letter));
    }
    let mut server =
        match address.strip_prefix("unix:").or_else(|| address.starts_with('/').then_some(address)) {
            Some("") => return Err(EntryFault::NoPath),
            Some(path) => Server {
                text: entry.to_owned(),
                endpoint: Endpoint::Unix(path.to_owned()),
                weight: None,
                name: None,
                remarks: Vec::new(),
            },
            None => tcp(entry, address)?,
        };
    if let Some(name) = name {
        server = server.with_socket_weight();
        if server.weight.is_none() || name.contains(char::is_whitespace) {
            return Err(EntryFault::NameWithoutWeight);
        }
        server.name = Some(name.to_owned());
    }
    Ok(server)
}

/// Reads what stands behind `memcached://`: perhaps user information, an address, perhaps a slash.
fn url(rest: &str) -> Result<Server, EntryFault> {
    let (user_information, address) = match rest.rsplit_once('@') {
        Some((_, address)) => (true, address),
        None => (false, rest),
    };
    let address = address.strip_suffix('/').unwrap_or(address);
    let text = format!("memcached://{address}");
    let mut server = tcp(&text, address).map_err(|_| EntryFault::NotAnAddress)?;
    if server.weight.is_some() {
        return Err(EntryFault::NotAnAddress);
    }
    if user_information {
        server.remarks.push(notes::user_information(&server));
    }
    Ok(server)
}

/// Reads an address of TCP with its weight.
fn tcp(text: &str, address: &str) -> Result<Server, EntryFault> {
    if address.starts_with("udp:") {
        return Err(EntryFault::Udp);
    }
    let (host, fields) = match address.strip_prefix("inet6:") {
        Some(bracketed) if bracketed.starts_with('[') => host_and_fields(bracketed)?,
        Some(_) => return Err(EntryFault::NotIpv6),
        None => host_and_fields(address.strip_prefix("inet:").unwrap_or(address))?,
    };
    let mut fields = fields.into_iter();
    let port = fields.next().map(|digits| number("port", digits)).transpose()?;
    let weight = fields.next().map(|digits| number("weight", digits)).transpose()?;
    let mut server = Server {
        text: text.to_owned(),
        endpoint: Endpoint::Tcp {
            host: host.to_owned(),
            port: port.filter(|&port| port != 0).unwrap_or(DEFAULT_PORT),
        },
        weight: weight.map(u32::from),
        name: None,
        remarks: Vec::new(),
    };
    if port == Some(0) {
        server.remarks.push(notes::port_zero(&server));
    }
    Ok(server)
}

/// Splits an address into its host, without brackets, and at most two further fields.
fn host_and_fields(address: &str) -> Result<(&str, Vec<&str>), EntryFault> {
    let (host, rest) = match address.strip_prefix('[') {
        Some(opened) => {
            let (host, rest) = opened.split_once(']').ok_or(EntryFault::UnclosedBracket)?;
            let without_zone = host.split('%').next().unwrap_or_default();
            if without_zone.parse::<Ipv6Addr>().is_err() {
                return Err(EntryFault::NotIpv6);
            }
            let rest = match rest.strip_prefix(':') {
                Some(fields) => Some(fields),
                None if rest.is_empty() => None,
                None => return Err(EntryFault::TooManyFields),
            };
            (host, rest)
        }
        None if address.parse::<Ipv6Addr>().is_ok() => {
            return Err(EntryFault::Unbracketed(address.to_owned()));
        }
        None => match address.split_once(':') {
            Some((host, fields)) => (host, Some(fields)),
            None => (address, None),
        },
    };
    if host.is_empty() {
        return Err(EntryFault::NoHost);
    }
    if let Some(letter) = host
        .chars()
        .find(|letter| letter.is_whitespace() || matches!(letter, '/' | '[' | ']' | ',' | '"' | '\''))
    {
        return Err(EntryFault::BadCharacter(letter));
    }
    let fields: Vec<&str> = rest.map(|fields| fields.split(':').collect()).unwrap_or_default();
    if fields.len() > 2 {
        return Err(EntryFault::TooManyFields);
    }
    Ok((host, fields))
}

/// Reads a port or weight.
pub(super) fn number(what: &'static str, digits: &str) -> Result<u16, EntryFault> {
    if digits.is_empty() {
        return Err(EntryFault::NoNumber(what));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EntryFault::NotANumber { what, text: digits.to_owned() });
    }
    digits.parse().map_err(|_| EntryFault::OutOfRange { what, text: digits.to_owned() })
}
