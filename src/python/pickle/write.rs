//! Plain data → a pickle of any protocol.

use num_bigint::BigInt;
use thiserror::Error;

use super::super::PythonVersion;
use super::super::Text;
use super::super::Value;
use super::super::repr;
use super::opcode;

/// A value of a kind that is only read, never written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{kind} cannot be pickled here")]
pub struct Unwritable {
    /// What it is.
    pub kind: &'static str,
}

/// Writes a value as a pickle of the given protocol (5 for anything above), without framing and without a memo.
///
/// Protocol 2 is the newest that Python 2.7 and Python 3 both read; bytes come out there as they do in CPython
/// (`_codecs.encode`), which is `str` to Python 2.
///
/// # Errors
///
/// [`Unwritable`] for objects, globals, ranges and the like.
pub fn write(value: &Value, protocol: u8) -> Result<Vec<u8>, Unwritable> {
    let mut writer = Writer { out: Vec::new(), protocol: protocol.min(5) };
    if writer.protocol >= 2 {
        writer.out.extend([opcode::PROTO, writer.protocol]);
    }
    writer.value(value)?;
    writer.out.push(opcode::STOP);
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    protocol: u8,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Unwritable> {
        match value {
            Value::None => self.out.push(opcode::NONE),
            Value::Bool(value) => self.bool(*value),
            Value::Int(number) => self.int(number),
            Value::Float(number) => self.float(*number),
            Value::Complex(real, imaginary) => {
                self.global("__builtin__", "builtins", "complex");
                self.call(&[Value::Float(*real), Value::Float(*imaginary)])?;
            }
            Value::Str(text) => self.text(text),
            Value::Bytes(bytes) => self.bytes(bytes)?,
            Value::ByteArray(bytes) => self.byte_array(bytes)?,
            Value::Py2Str(bytes) => self.byte_string(bytes),
            Value::List(items) => self.list(items)?,
            Value::Tuple(items) => self.tuple(items)?,
            Value::Set(items) => self.set("set", items)?,
            Value::FrozenSet(items) => self.set("frozenset", items)?,
            Value::Dict(items) => self.dict(items)?,
            Value::Ellipsis => return Err(Unwritable { kind: "an ellipsis" }),
            Value::Range(..) => return Err(Unwritable { kind: "a range" }),
            Value::Slice(_) => return Err(Unwritable { kind: "a slice" }),
            Value::Timestamp(_) => return Err(Unwritable { kind: "a timestamp" }),
            Value::Global(_) => return Err(Unwritable { kind: "a class or function" }),
            Value::Object(_) => return Err(Unwritable { kind: "an object" }),
            Value::Verbatim(_) => return Err(Unwritable { kind: "a value known by its repr alone" }),
        }
        Ok(())
    }

    fn bool(&mut self, value: bool) {
        match (self.protocol, value) {
            (0 | 1, true) => self.out.extend(b"I01\n"),
            (0 | 1, false) => self.out.extend(b"I00\n"),
            (_, true) => self.out.push(opcode::NEWTRUE),
            (_, false) => self.out.push(opcode::NEWFALSE),
        }
    }

    fn int(&mut self, number: &BigInt) {
        match (self.protocol, i32::try_from(number)) {
            (0, Ok(small)) => self.line(opcode::INT, &small.to_string()),
            (0 | 1, Err(_)) => self.line(opcode::LONG, &format!("{number}L")),
            (_, Ok(small)) => self.small_int(small),
            (_, Err(_)) => self.long(number),
        }
    }

    fn small_int(&mut self, number: i32) {
        if let Ok(byte) = u8::try_from(number) {
            self.out.extend([opcode::BININT1, byte]);
        } else if let Ok(short) = u16::try_from(number) {
            self.out.push(opcode::BININT2);
            self.out.extend(short.to_le_bytes());
        } else {
            self.out.push(opcode::BININT);
            self.out.extend(number.to_le_bytes());
        }
    }

    fn long(&mut self, number: &BigInt) {
        let bytes = number.to_signed_bytes_le();
        self.sized(Some(opcode::LONG1), opcode::LONG4, None, &bytes);
    }

    fn float(&mut self, number: f64) {
        if self.protocol == 0 {
            self.line(opcode::FLOAT, &repr(&Value::Float(number), PythonVersion::DEFAULT));
        } else {
            self.out.push(opcode::BINFLOAT);
            self.out.extend(number.to_be_bytes());
        }
    }

    fn line(&mut self, code: u8, line: &str) {
        self.out.push(code);
        self.out.extend(line.as_bytes());
        self.out.push(b'\n');
    }

    /// Writes the opcode with the shortest length that holds, then the bytes.
    fn sized(&mut self, one: Option<u8>, four: u8, eight: Option<u8>, bytes: &[u8]) {
        match (one, u8::try_from(bytes.len()), u32::try_from(bytes.len()), eight) {
            (Some(one), Ok(length), _, _) => self.out.extend([one, length]),
            (_, _, Err(_), Some(eight)) => {
                self.out.push(eight);
                self.out.extend((bytes.len() as u64).to_le_bytes());
            }
            (_, _, length, _) => {
                self.out.push(four);
                self.out.extend(length.unwrap_or(u32::MAX).to_le_bytes());
            }
        }
        self.out.extend(bytes);
    }

    fn text(&mut self, text: &Text) {
        if self.protocol > 0 {
            let modern = self.protocol >= 4;
            let short = modern.then_some(opcode::SHORT_BINUNICODE);
            let long = modern.then_some(opcode::BINUNICODE8);
            return self.sized(short, opcode::BINUNICODE, long, text.as_bytes());
        }
        self.out.push(opcode::UNICODE);
        for point in text.code_points() {
            match (u8::try_from(point), point) {
                // What would end the line or start an escape, as `Lib/pickle.py:save_str` does it.
                (Err(_), 0x1_0000..) => self.out.extend(format!("\\U{point:08x}").as_bytes()),
                (Err(_), _) | (_, 0 | 0x0A | 0x0D | 0x1A | 0x5C) => {
                    self.out.extend(format!("\\u{point:04x}").as_bytes());
                }
                (Ok(byte), _) => self.out.push(byte),
            }
        }
        self.out.push(b'\n');
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Unwritable> {
        if self.protocol >= 3 {
            let long = (self.protocol >= 4).then_some(opcode::BINBYTES8);
            self.sized(Some(opcode::SHORT_BINBYTES), opcode::BINBYTES, long, bytes);
            return Ok(());
        }
        if bytes.is_empty() {
            self.global("__builtin__", "builtins", "bytes");
            return self.call(&[]);
        }
        self.global("_codecs", "_codecs", "encode");
        self.call(&[Value::Str(latin_1(bytes)), Value::Str("latin1".into())])
    }

    fn byte_array(&mut self, bytes: &[u8]) -> Result<(), Unwritable> {
        if self.protocol >= 5 {
            self.out.push(opcode::BYTEARRAY8);
            self.out.extend((bytes.len() as u64).to_le_bytes());
            self.out.extend(bytes);
            return Ok(());
        }
        self.global("__builtin__", "builtins", "bytearray");
        match (self.protocol, bytes) {
            (_, []) => self.call(&[]),
            (3 | 4, _) => self.call(&[Value::Bytes(bytes.to_vec())]),
            _ => self.call(&[Value::Str(latin_1(bytes)), Value::Str("latin-1".into())]),
        }
    }

    /// Writes a byte string of Python 2, which has no opcode of its own behind protocol 2 but may be used in any.
    fn byte_string(&mut self, bytes: &[u8]) {
        if self.protocol > 0 {
            return self.sized(Some(opcode::SHORT_BINSTRING), opcode::BINSTRING, None, bytes);
        }
        let escaped: String = bytes.escape_ascii().map(char::from).collect();
        self.line(opcode::STRING, &format!("'{escaped}'"));
    }

    fn global(&mut self, old_module: &str, module: &str, name: &str) {
        if self.protocol >= 4 {
            self.text(&module.into());
            self.text(&name.into());
            self.out.push(opcode::STACK_GLOBAL);
            return;
        }
        let module = if self.protocol == 3 { module } else { old_module };
        self.line(opcode::GLOBAL, module);
        self.out.extend(name.as_bytes());
        self.out.push(b'\n');
    }

    fn call(&mut self, args: &[Value]) -> Result<(), Unwritable> {
        self.tuple(args)?;
        self.out.push(opcode::REDUCE);
        Ok(())
    }

    fn values(&mut self, values: &[Value]) -> Result<(), Unwritable> {
        values.iter().try_for_each(|value| self.value(value))
    }

    fn tuple(&mut self, items: &[Value]) -> Result<(), Unwritable> {
        match (self.protocol, items.len()) {
            (1.., 0) => self.out.push(opcode::EMPTY_TUPLE),
            (2.., length @ 1..=3) => {
                self.values(items)?;
                let codes = [opcode::TUPLE1, opcode::TUPLE2, opcode::TUPLE3];
                self.out.extend(codes.get(length - 1));
            }
            _ => {
                self.out.push(opcode::MARK);
                self.values(items)?;
                self.out.push(opcode::TUPLE);
            }
        }
        Ok(())
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Unwritable> {
        if self.protocol == 0 {
            self.out.push(opcode::MARK);
            self.values(items)?;
            self.out.push(opcode::LIST);
            return Ok(());
        }
        self.out.extend([opcode::EMPTY_LIST, opcode::MARK]);
        self.values(items)?;
        self.out.push(opcode::APPENDS);
        Ok(())
    }

    fn set(&mut self, name: &str, items: &[Value]) -> Result<(), Unwritable> {
        if self.protocol < 4 {
            self.global("__builtin__", "builtins", name);
            return self.call(&[Value::List(items.to_vec())]);
        }
        if name == "frozenset" {
            self.out.push(opcode::MARK);
            self.values(items)?;
            self.out.push(opcode::FROZENSET);
            return Ok(());
        }
        self.out.extend([opcode::EMPTY_SET, opcode::MARK]);
        self.values(items)?;
        self.out.push(opcode::ADDITEMS);
        Ok(())
    }

    fn dict(&mut self, items: &[(Value, Value)]) -> Result<(), Unwritable> {
        if self.protocol > 0 {
            self.out.push(opcode::EMPTY_DICT);
        }
        self.out.push(opcode::MARK);
        for (key, value) in items {
            self.value(key)?;
            self.value(value)?;
        }
        self.out.push(if self.protocol > 0 { opcode::SETITEMS } else { opcode::DICT });
        Ok(())
    }
}

/// The text whose code points are the bytes.
fn latin_1(bytes: &[u8]) -> Text {
    bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()
}
