//! What a pickle built: nodes that refer to each other by number, so that sharing and cycles cost nothing.

use num_bigint::BigInt;

use super::super::Text;

/// The number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) u32);

/// One value; containers refer to others.
#[derive(Clone, Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Long(Box<BigInt>),
    Float(f64),
    Complex(f64, f64),
    Str(Text),
    Bytes(Vec<u8>),
    ByteArray(Vec<u8>),
    Py2Str(Vec<u8>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    FrozenSet(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Range(Box<[BigInt; 3]>),
    Slice([Id; 3]),
    Global(String),
    Object(Box<ObjectNode>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct ObjectNode {
    pub(super) class: String,
    pub(super) args: Vec<Id>,
    pub(super) kwargs: Vec<(Id, Id)>,
    pub(super) state: Option<Id>,
    pub(super) list_items: Vec<Id>,
    pub(super) dict_items: Vec<(Id, Id)>,
}

/// The nodes of a pickle.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// Adds a node; `None` after four billion.
    pub(super) fn add(&mut self, node: Node) -> Option<Id> {
        let id = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(node);
        Some(Id(id))
    }

    pub(super) fn node(&self, Id(id): Id) -> &Node {
        // Ids come from `add` alone and nodes are never removed; the fallback cannot be reached.
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    pub(super) fn node_mut(&mut self, Id(id): Id) -> Option<&mut Node> {
        self.nodes.get_mut(id as usize)
    }

    pub(super) fn length(&self) -> usize {
        self.nodes.len()
    }
}
