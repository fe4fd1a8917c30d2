//! The stack machine of pickle, building inert nodes.

use num_bigint::BigInt;

use super::super::Text;
use super::super::budget::Budget;
use super::super::budget::NODE;
use super::super::integer;
use super::PickleError;
use super::cursor::Cursor;
use super::escape;
use super::graph::Graph;
use super::graph::Id;
use super::graph::Node;
use super::memo::Memo;
use super::opcode;

/// A pickle that ran to its STOP.
pub(super) struct Parsed {
    pub(super) graph: Graph,
    pub(super) root: Id,
    pub(super) protocol: u8,
    pub(super) length: usize,
}

/// Runs the pickle at the start of the bytes.
pub(super) fn run(bytes: &[u8], limit: usize) -> Result<Parsed, PickleError> {
    let mut machine = Machine {
        cursor: Cursor::new(bytes),
        graph: Graph::default(),
        budget: Budget::new(limit),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Memo::default(),
        protocol: 0,
        offset: 0,
    };
    loop {
        machine.offset = machine.cursor.position();
        let code = machine.cursor.byte()?;
        if code == opcode::STOP {
            let root = machine.pop()?;
            let Machine { graph, protocol, cursor, .. } = machine;
            return Ok(Parsed { graph, root, protocol, length: cursor.position() });
        }
        machine.step(code)?;
    }
}

pub(super) struct Machine<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) graph: Graph,
    pub(super) budget: Budget,
    stack: Vec<Id>,
    /// Heights of the stack at which a MARK stands.
    marks: Vec<usize>,
    memo: Memo,
    protocol: u8,
    /// Where the operation at hand starts.
    offset: usize,
}

impl Machine<'_> {
    fn step(&mut self, code: u8) -> Result<(), PickleError> {
        match code {
            opcode::PROTO => self.proto(),
            opcode::FRAME => self.cursor.frame(),
            opcode::NONE | opcode::NEWTRUE | opcode::NEWFALSE => self.constant(code),
            opcode::INT | opcode::LONG | opcode::FLOAT => self.decimal(code),
            opcode::BININT
            | opcode::BININT1
            | opcode::BININT2
            | opcode::LONG1
            | opcode::LONG4
            | opcode::BINFLOAT => self.binary_number(code),
            opcode::UNICODE
            | opcode::BINUNICODE
            | opcode::SHORT_BINUNICODE
            | opcode::BINUNICODE8
            | opcode::STRING
            | opcode::BINSTRING
            | opcode::SHORT_BINSTRING
            | opcode::BINBYTES
            | opcode::SHORT_BINBYTES
            | opcode::BINBYTES8
            | opcode::BYTEARRAY8 => self.string(code),
            opcode::EMPTY_LIST
            | opcode::EMPTY_DICT
            | opcode::EMPTY_TUPLE
            | opcode::EMPTY_SET
            | opcode::LIST
            | opcode::DICT
            | opcode::TUPLE
            | opcode::FROZENSET
            | opcode::TUPLE1
            | opcode::TUPLE2
            | opcode::TUPLE3 => self.container(code),
            opcode::APPEND | opcode::APPENDS | opcode::ADDITEMS => self.append(code),
            opcode::SETITEM | opcode::SETITEMS => self.set_items(code),
            opcode::MARK | opcode::POP | opcode::POP_MARK | opcode::DUP => self.stack_operation(code),
            opcode::PUT
            | opcode::BINPUT
            | opcode::LONG_BINPUT
            | opcode::MEMOIZE
            | opcode::GET
            | opcode::BINGET
            | opcode::LONG_BINGET => self.memo_operation(code),
            opcode::GLOBAL | opcode::STACK_GLOBAL => self.global(code),
            opcode::REDUCE | opcode::NEWOBJ | opcode::NEWOBJ_EX | opcode::INST | opcode::OBJ => {
                self.object(code)
            }
            opcode::BUILD => self.build(),
            _ => Err(self.refused(code)),
        }
    }

    fn refused(&self, code: u8) -> PickleError {
        let offset = self.offset;
        let what = match code {
            opcode::PERSID | opcode::BINPERSID => "a persistent id",
            opcode::EXT1..=opcode::EXT4 => "the extension registry",
            opcode::NEXT_BUFFER | opcode::READONLY_BUFFER => "an out-of-band buffer",
            _ => return PickleError::UnknownOpcode { opcode: code, offset },
        };
        PickleError::Unsupported { what, offset }
    }

    pub(super) fn malformed(&self, what: &'static str) -> PickleError {
        PickleError::Malformed { what, offset: self.offset }
    }

    fn proto(&mut self) -> Result<(), PickleError> {
        match self.cursor.byte()? {
            version @ 0..=5 => {
                self.protocol = version;
                Ok(())
            }
            version => Err(PickleError::UnknownProtocol { version }),
        }
    }

    /// Adds a node that holds `payload` bytes.
    pub(super) fn add(&mut self, node: Node, payload: usize) -> Result<Id, PickleError> {
        self.budget.charge(NODE.saturating_add(payload))?;
        self.graph.add(node).ok_or(PickleError::TooLarge)
    }

    pub(super) fn push(&mut self, node: Node, payload: usize) -> Result<(), PickleError> {
        let id = self.add(node, payload)?;
        self.stack.push(id);
        Ok(())
    }

    fn constant(&mut self, code: u8) -> Result<(), PickleError> {
        let node = match code {
            opcode::NEWTRUE => Node::Bool(true),
            opcode::NEWFALSE => Node::Bool(false),
            _ => Node::None,
        };
        self.push(node, 0)
    }

    fn decimal(&mut self, code: u8) -> Result<(), PickleError> {
        let line = self.cursor.line()?;
        match (code, line) {
            (opcode::INT, b"00") => self.push(Node::Bool(false), 0),
            (opcode::INT, b"01") => self.push(Node::Bool(true), 0),
            (opcode::FLOAT, _) => {
                let text = std::str::from_utf8(line.trim_ascii()).ok();
                let number = text.and_then(|text| text.parse::<f64>().ok());
                let number = number.ok_or_else(|| self.malformed("a float that is none"))?;
                self.push(Node::Float(number), 0)
            }
            _ => {
                let digits = line.strip_suffix(b"L").unwrap_or(line).trim_ascii();
                let number = integer::parse(digits);
                let number = number.ok_or_else(|| self.malformed("an integer that is none, or too long"))?;
                self.integer(number)
            }
        }
    }

    fn integer(&mut self, number: BigInt) -> Result<(), PickleError> {
        let payload = integer::cost(&number);
        match i64::try_from(&number) {
            Ok(small) => self.push(Node::Int(small), 0),
            Err(_) => self.push(Node::Long(Box::new(number)), payload),
        }
    }

    fn binary_number(&mut self, code: u8) -> Result<(), PickleError> {
        let small = match code {
            opcode::BININT => i64::from(i32::from_le_bytes(self.cursor.array()?)),
            opcode::BININT1 => i64::from(self.cursor.byte()?),
            opcode::BININT2 => i64::from(u16::from_le_bytes(self.cursor.array()?)),
            opcode::BINFLOAT => {
                let number = f64::from_be_bytes(self.cursor.array()?);
                return self.push(Node::Float(number), 0);
            }
            _ => {
                let bytes =
                    if code == opcode::LONG1 { self.cursor.sized_1() } else { self.cursor.sized_4() }?;
                if bytes.len() > integer::MAX_BYTES {
                    return Err(self.malformed("an integer that is too long"));
                }
                return self.integer(BigInt::from_signed_bytes_le(bytes));
            }
        };
        self.push(Node::Int(small), 0)
    }

    fn string(&mut self, code: u8) -> Result<(), PickleError> {
        let bytes = match code {
            opcode::UNICODE | opcode::STRING => self.cursor.line(),
            opcode::SHORT_BINUNICODE | opcode::SHORT_BINSTRING | opcode::SHORT_BINBYTES => {
                self.cursor.sized_1()
            }
            opcode::BINUNICODE | opcode::BINSTRING | opcode::BINBYTES => self.cursor.sized_4(),
            _ => self.cursor.sized_8(),
        }?;
        let node = match code {
            opcode::UNICODE => escape::raw_unicode(bytes).map(Node::Str),
            opcode::STRING => escape::string(bytes).map(Node::Py2Str),
            opcode::BINSTRING | opcode::SHORT_BINSTRING => Some(Node::Py2Str(bytes.to_vec())),
            opcode::BINBYTES | opcode::SHORT_BINBYTES | opcode::BINBYTES8 => {
                Some(Node::Bytes(bytes.to_vec()))
            }
            opcode::BYTEARRAY8 => Some(Node::ByteArray(bytes.to_vec())),
            _ => Text::from_wtf8(bytes.to_vec()).map(Node::Str),
        };
        let node = node.ok_or_else(|| self.malformed("a string that is not in its encoding"))?;
        self.push(node, bytes.len())
    }

    /// The height below which the operation at hand may not reach.
    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    pub(super) fn pop(&mut self) -> Result<Id, PickleError> {
        if self.stack.len() > self.fence()
            && let Some(id) = self.stack.pop()
        {
            return Ok(id);
        }
        Err(self.malformed("an operation on an empty stack"))
    }

    pub(super) fn top(&self) -> Result<Id, PickleError> {
        let top = if self.stack.len() > self.fence() { self.stack.last().copied() } else { None };
        top.ok_or_else(|| self.malformed("an operation on an empty stack"))
    }

    /// Takes everything down to the last MARK, and the MARK.
    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.malformed("no MARK to go back to"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn pairs(&self, items: &[Id]) -> Result<Vec<(Id, Id)>, PickleError> {
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err(self.malformed("a key without a value"));
        };
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    fn container(&mut self, code: u8) -> Result<(), PickleError> {
        let node = match code {
            opcode::EMPTY_LIST => Node::List(Vec::new()),
            opcode::EMPTY_DICT => Node::Dict(Vec::new()),
            opcode::EMPTY_SET => Node::Set(Vec::new()),
            opcode::EMPTY_TUPLE => Node::Tuple(Vec::new()),
            opcode::LIST => Node::List(self.pop_mark()?),
            opcode::TUPLE => Node::Tuple(self.pop_mark()?),
            opcode::FROZENSET => Node::FrozenSet(self.pop_mark()?),
            opcode::DICT => {
                let items = self.pop_mark()?;
                Node::Dict(self.pairs(&items)?)
            }
            _ => {
                let length = usize::from(code - opcode::TUPLE1) + 1;
                let mut items = Vec::with_capacity(length);
                for _ in 0..length {
                    items.push(self.pop()?);
                }
                items.reverse();
                Node::Tuple(items)
            }
        };
        self.push(node, 0)
    }

    fn append(&mut self, code: u8) -> Result<(), PickleError> {
        let items = if code == opcode::APPEND { vec![self.pop()?] } else { self.pop_mark()? };
        let target = self.top()?;
        match (self.graph.node_mut(target), code) {
            (Some(Node::List(list)), opcode::APPEND | opcode::APPENDS) => list.extend(items),
            (Some(Node::Set(set)), opcode::ADDITEMS) => set.extend(items),
            (Some(Node::Object(object)), _) => object.list_items.extend(items),
            _ => return Err(self.malformed("items for what has none")),
        }
        Ok(())
    }

    fn set_items(&mut self, code: u8) -> Result<(), PickleError> {
        let items = if code == opcode::SETITEM {
            let value = self.pop()?;
            vec![(self.pop()?, value)]
        } else {
            let items = self.pop_mark()?;
            self.pairs(&items)?
        };
        let target = self.top()?;
        match self.graph.node_mut(target) {
            Some(Node::Dict(dict)) => dict.extend(items),
            Some(Node::Object(object)) => object.dict_items.extend(items),
            _ => return Err(self.malformed("keys for what has none")),
        }
        Ok(())
    }

    fn stack_operation(&mut self, code: u8) -> Result<(), PickleError> {
        match code {
            opcode::MARK => self.marks.push(self.stack.len()),
            opcode::DUP => {
                let top = self.top()?;
                self.stack.push(top);
            }
            // POP takes a MARK away where one is on top.
            opcode::POP if self.stack.len() > self.fence() => {
                self.stack.pop();
            }
            _ => {
                self.pop_mark()?;
            }
        }
        Ok(())
    }

    fn memo_operation(&mut self, code: u8) -> Result<(), PickleError> {
        let number = match code {
            opcode::PUT | opcode::GET => {
                let line = self.cursor.line()?.trim_ascii();
                let number = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
                number.ok_or_else(|| self.malformed("a memo number that is none"))?
            }
            opcode::BINPUT | opcode::BINGET => u64::from(self.cursor.byte()?),
            opcode::MEMOIZE => self.memo.length(),
            _ => u64::from(u32::from_le_bytes(self.cursor.array()?)),
        };
        if matches!(code, opcode::GET | opcode::BINGET | opcode::LONG_BINGET) {
            let id = self.memo.get(number);
            self.stack.push(id.ok_or_else(|| self.malformed("a memo number that was not given"))?);
        } else {
            let top = self.top()?;
            self.memo.put(number, top);
        }
        Ok(())
    }
}
