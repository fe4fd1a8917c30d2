//! The few calls that are evaluated, since nothing but plain data can come of them.

use num_bigint::BigInt;

use super::super::Text;
use super::super::budget::NODE;
use super::super::integer;
use super::graph::Graph;
use super::graph::Id;
use super::graph::Node;

/// Joins module and name; protocols 0 to 2 call `builtins` by its name of Python 2.
pub(super) fn full_name(module: &str, name: &str) -> String {
    let module = if module == "__builtin__" { "builtins" } else { module };
    format!("{module}.{name}")
}

/// The name of what is called: a global's own, or that of an attribute of one, as protocols before 4 write
/// nested classes (`getattr(Outer, 'Inner')`).
pub(super) fn class_name(graph: &Graph, class: Id) -> Option<String> {
    let object = match graph.node(class) {
        Node::Global(name) => return Some(name.clone()),
        Node::Object(object) => object,
        _ => return None,
    };
    if let ("builtins.getattr", [owner, name]) = (object.class.as_str(), object.args.as_slice())
        && let (Node::Global(owner), Node::Str(name)) = (graph.node(*owner), graph.node(*name))
    {
        return Some(format!("{owner}.{}", name.to_string_lossy()));
    }
    Some(object.class.clone())
}

/// Evaluates a call of a harmless built-in: its value and the bytes that it weighs. `None` for every other call.
pub(super) fn evaluate(graph: &Graph, class: &str, args: &[Id]) -> Option<(Node, usize)> {
    let node = match class {
        "builtins.set" => Node::Set(items(graph, args)?),
        "builtins.frozenset" => Node::FrozenSet(items(graph, args)?),
        "builtins.bytearray" => Node::ByteArray(bytes(graph, args)?),
        // Protocols 0 to 2 of Python 3 write b'' as `bytes()` and other bytes as `_codecs.encode(text, 'latin1')`.
        "builtins.bytes" if args.is_empty() => Node::Bytes(Vec::new()),
        "_codecs.encode" if args.len() == 2 => Node::Bytes(bytes(graph, args)?),
        "builtins.complex" => complex(graph, args)?,
        "builtins.range" | "builtins.xrange" => range(graph, args)?,
        "builtins.slice" => slice(args)?,
        _ => return None,
    };
    let payload = weight(&node);
    Some((node, payload))
}

/// The bytes that a plain node weighs beyond its own size.
pub(super) fn weight(node: &Node) -> usize {
    match node {
        Node::Set(items) | Node::FrozenSet(items) | Node::List(items) | Node::Tuple(items) => {
            items.len().saturating_mul(NODE)
        }
        Node::Dict(items) => items.len().saturating_mul(2 * NODE),
        Node::ByteArray(bytes) | Node::Bytes(bytes) | Node::Py2Str(bytes) => bytes.len(),
        Node::Str(text) => text.as_bytes().len(),
        Node::Global(name) => name.len(),
        Node::Range(numbers) => numbers.iter().map(integer::cost).sum(),
        _ => 0,
    }
}

/// The class of a plain node that may be given a state.
pub(super) fn class_of(node: &Node) -> Option<&'static str> {
    Some(match node {
        Node::Set(_) => "builtins.set",
        Node::FrozenSet(_) => "builtins.frozenset",
        Node::ByteArray(_) => "builtins.bytearray",
        Node::Dict(_) => "builtins.dict",
        Node::List(_) => "builtins.list",
        _ => return None,
    })
}

fn items(graph: &Graph, args: &[Id]) -> Option<Vec<Id>> {
    match args {
        [] => Some(Vec::new()),
        [items] => match graph.node(*items) {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) | Node::FrozenSet(items) => {
                Some(items.clone())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The bytes of `()`, `(bytes,)` or `(text, 'latin-1')`.
fn bytes(graph: &Graph, args: &[Id]) -> Option<Vec<u8>> {
    match args {
        [] => Some(Vec::new()),
        [source] => match graph.node(*source) {
            Node::Bytes(bytes) | Node::Py2Str(bytes) | Node::ByteArray(bytes) => Some(bytes.clone()),
            _ => None,
        },
        [text, encoding] => {
            let encoding = match graph.node(*encoding) {
                Node::Str(encoding) => encoding.as_bytes(),
                Node::Py2Str(encoding) => encoding,
                _ => return None,
            };
            match graph.node(*text) {
                Node::Str(text) if matches!(encoding, b"latin1" | b"latin-1") => latin_1(text),
                _ => None,
            }
        }
        _ => None,
    }
}

fn latin_1(text: &Text) -> Option<Vec<u8>> {
    text.code_points().map(|point| u8::try_from(point).ok()).collect()
}

fn number(graph: &Graph, id: Id) -> Option<BigInt> {
    match graph.node(id) {
        Node::Int(number) => Some(BigInt::from(*number)),
        Node::Long(number) => Some(BigInt::clone(number)),
        _ => None,
    }
}

fn range(graph: &Graph, args: &[Id]) -> Option<Node> {
    let zero = BigInt::from(0);
    let one = BigInt::from(1);
    let range = match args {
        [stop] => [zero.clone(), number(graph, *stop)?, one],
        [start, stop] => [number(graph, *start)?, number(graph, *stop)?, one],
        [start, stop, step] => [number(graph, *start)?, number(graph, *stop)?, number(graph, *step)?],
        _ => return None,
    };
    // A step of zero is an error in Python, so it stays a call.
    if range.iter().skip(2).any(|step| *step == zero) {
        return None;
    }
    Some(Node::Range(Box::new(range)))
}

fn slice(args: &[Id]) -> Option<Node> {
    let [start, stop, step] = args else { return None };
    Some(Node::Slice([*start, *stop, *step]))
}

fn complex(graph: &Graph, args: &[Id]) -> Option<Node> {
    let float = |id: Id| match graph.node(id) {
        Node::Float(number) => Some(*number),
        _ => None,
    };
    let [real, imaginary] = args else { return None };
    Some(Node::Complex(float(*real)?, float(*imaginary)?))
}
