//! The keys that a command is about: from the command line or from standard input, as wire keys.

use std::ffi::OsString;
use std::io;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use clap::Args;

use super::bulk::KeyStream;
use super::context::Context;
use super::spelling::Spelling;
use crate::failure::Failure;
use crate::flask::Backend;
use crate::protocol::Key;
use crate::protocol::Wire;

/// The keys of a command.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    /// Keys as they are on the wire; `-` reads them from standard input
    #[arg(value_name = "KEY")]
    keys: Vec<OsString>,
    /// Read keys from standard input, one a line
    #[arg(long)]
    stdin: bool,
    /// Keys on standard input end with NUL instead of a line feed
    #[arg(short = '0', long = "null")]
    null: bool,
    /// Keys are Flask-Caching's: put the prefix before them
    #[arg(short = 'F', long)]
    pub flask: bool,
}

impl KeyArgs {
    /// All keys in order, checked.
    ///
    /// # Errors
    /// No key at all, or one that cannot be carried; nothing was sent then.
    pub fn read(&self, context: &Context) -> Result<Vec<Key>, Failure> {
        self.read_for(context, context.wire()?)
    }

    /// All keys in order, checked for one wire.
    ///
    /// # Errors
    /// As [`KeyArgs::read`].
    pub fn read_for(&self, context: &Context, wire: Wire) -> Result<Vec<Key>, Failure> {
        let spelling = self.spelling(context)?;
        let mut keys = Vec::new();
        for text in self.texts()? {
            for text in spelling.wire_keys(&text) {
                keys.push(Key::parse(&text, wire)?);
            }
        }
        Ok(keys)
    }

    /// All keys in order, checked; one a value, though the spread backend stores several items for it.
    ///
    /// # Errors
    /// As [`KeyArgs::read`].
    pub fn read_whole(&self, context: &Context) -> Result<Vec<Key>, Failure> {
        let prefix = if self.flask { context.settings.key_prefix.value.as_bytes() } else { b"" };
        self.texts()?.iter().map(|text| context.key(&[prefix, text].concat())).collect()
    }

    /// Whether the values are cut into chunks.
    ///
    /// # Errors
    /// Facts that are not understood.
    pub fn is_spread(&self, context: &Context) -> Result<bool, Failure> {
        Ok(self.flask && context.settings.facts()?.backend == Backend::Spread)
    }

    /// The keys as they were typed or piped in.
    fn texts(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut read = false;
        for key in &self.keys {
            if key == "-" {
                texts.extend(self.piped()?);
                read = true;
            } else {
                texts.push(key.as_bytes().to_vec());
            }
        }
        if !read && (self.stdin || (self.null && self.keys.is_empty())) {
            texts.extend(self.piped()?);
            read = true;
        }
        if texts.is_empty() && !read {
            return Err(Failure::usage("no key is given").hint("name one, or pipe keys in and say --stdin"));
        }
        Ok(texts)
    }

    /// The keys of standard input as a stream, if all come from there.
    ///
    /// # Errors
    /// What the operating system says about standard input.
    pub fn stream(&self) -> Result<Option<KeyStream>, Failure> {
        let alone = match self.keys.as_slice() {
            [] => self.stdin || self.null,
            [key] => key == "-",
            _ => false,
        };
        alone.then(|| KeyStream::open(if self.null { 0 } else { b'\n' })).transpose()
    }

    /// The keys of a stream that has only a few, checked.
    ///
    /// # Errors
    /// As [`KeyArgs::read`].
    pub fn read_ahead(&self, context: &Context, mut stream: KeyStream) -> Result<Vec<Key>, Failure> {
        let (spelling, wire) = (self.spelling(context)?, context.wire()?);
        let mut keys = Vec::new();
        while let Some(text) = stream.next_key()? {
            let mut refused = None;
            spelling.each(text, &mut |bytes| match Key::parse(bytes, wire) {
                Ok(key) => keys.push(key),
                Err(error) => refused = Some(error),
            });
            if let Some(error) = refused {
                return Err(error.into());
            }
        }
        Ok(keys)
    }

    /// How a key that is given becomes wire keys.
    ///
    /// # Errors
    /// Facts about the application that are not understood.
    pub fn spelling(&self, context: &Context) -> Result<Spelling, Failure> {
        Spelling::new(context, self.flask)
    }

    /// Whether there can be only one key, so that its value is printed alone.
    #[must_use]
    pub fn is_single(&self) -> bool {
        !self.stdin && !self.null && self.keys.len() == 1 && self.keys.first().is_some_and(|key| key != "-")
    }

    /// How many of these wire keys, more or less, were given on standard input: none if all were typed.
    ///
    /// # Errors
    /// Facts about the application that are not understood.
    pub fn piped_count(&self, context: &Context, wire_keys: usize) -> Result<usize, Failure> {
        let is_piped = self.stdin || self.null || self.keys.iter().any(|key| key == "-");
        Ok(if is_piped { wire_keys / self.spelling(context)?.items() } else { 0 })
    }

    fn piped(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut input = Vec::new();
        io::stdin()
            .read_to_end(&mut input)
            .map_err(|error| Failure::usage(format!("cannot read keys from standard input: {error}")))?;
        let end = if self.null { 0 } else { b'\n' };
        Ok(input.split(|&byte| byte == end).filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }
}
