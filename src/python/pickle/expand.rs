//! The graph of a pickle → a tree, cut off where it would get out of hand.

use num_bigint::BigInt;

use super::super::Object;
use super::super::Value;
use super::super::budget::Budget;
use super::super::budget::NODE;
use super::super::integer;
use super::MAX_DEPTH;
use super::PickleError;
use super::graph::Graph;
use super::graph::Id;
use super::graph::Node;
use super::graph::ObjectNode;
use super::reduce;

/// Writes the graph out as a tree from its root.
pub(super) fn expand(graph: &Graph, root: Id, limit: usize) -> Result<Value, PickleError> {
    let mut expansion =
        Expansion { graph, budget: Budget::new(limit), open: vec![false; graph.length()], depth: 0, sets: 0 };
    expansion.value(root)
}

struct Expansion<'a> {
    graph: &'a Graph,
    budget: Budget,
    /// The containers being written out; one met again holds itself.
    open: Vec<bool>,
    depth: usize,
    /// Enclosing sets: what is in a set is written once more for each, to be sorted.
    sets: usize,
}

impl Expansion<'_> {
    fn value(&mut self, id: Id) -> Result<Value, PickleError> {
        let node = self.graph.node(id);
        self.charge(NODE.saturating_add(payload(node)))?;
        if let Some(scalar) = scalar(node) {
            return Ok(scalar);
        }
        if self.depth >= MAX_DEPTH {
            return Err(PickleError::TooDeep { limit: MAX_DEPTH });
        }
        if self.set_open(id, true) {
            return Ok(Value::Verbatim(recursion(node).to_owned()));
        }
        self.depth += 1;
        let value = self.container(node);
        self.depth -= 1;
        self.set_open(id, false);
        value
    }

    fn charge(&mut self, bytes: usize) -> Result<(), PickleError> {
        Ok(self.budget.charge(bytes.saturating_mul(self.sets + 1))?)
    }

    /// Marks a container and returns how it was marked before.
    fn set_open(&mut self, Id(id): Id, open: bool) -> bool {
        self.open.get_mut(id as usize).is_some_and(|slot| std::mem::replace(slot, open))
    }

    fn container(&mut self, node: &Node) -> Result<Value, PickleError> {
        Ok(match node {
            Node::List(items) => Value::List(self.values(items)?),
            Node::Tuple(items) => Value::Tuple(self.values(items)?),
            Node::Set(items) => Value::Set(self.members(items)?),
            Node::FrozenSet(items) => Value::FrozenSet(self.members(items)?),
            Node::Dict(items) => Value::Dict(self.pairs(items)?),
            Node::Slice(bounds) => self.slice(*bounds)?,
            Node::Object(object) => self.object(object)?,
            _ => Value::None,
        })
    }

    fn values(&mut self, ids: &[Id]) -> Result<Vec<Value>, PickleError> {
        ids.iter().map(|id| self.value(*id)).collect()
    }

    fn members(&mut self, ids: &[Id]) -> Result<Vec<Value>, PickleError> {
        self.sets += 1;
        let members = self.values(ids);
        self.sets -= 1;
        members
    }

    fn pairs(&mut self, pairs: &[(Id, Id)]) -> Result<Vec<(Value, Value)>, PickleError> {
        pairs.iter().map(|(key, value)| Ok((self.value(*key)?, self.value(*value)?))).collect()
    }

    fn slice(&mut self, [start, stop, step]: [Id; 3]) -> Result<Value, PickleError> {
        Ok(Value::Slice(Box::new([self.value(start)?, self.value(stop)?, self.value(step)?])))
    }

    fn object(&mut self, object: &ObjectNode) -> Result<Value, PickleError> {
        let state = match object.state {
            Some(state) => Some(self.value(state)?),
            None => None,
        };
        Ok(Value::Object(Box::new(Object {
            class: object.class.clone(),
            args: self.values(&object.args)?,
            kwargs: self.pairs(&object.kwargs)?,
            state,
            list_items: self.values(&object.list_items)?,
            dict_items: self.pairs(&object.dict_items)?,
        })))
    }
}

/// What a node weighs beyond its own size and that of what it refers to.
fn payload(node: &Node) -> usize {
    match node {
        Node::List(_) | Node::Tuple(_) | Node::Set(_) | Node::FrozenSet(_) | Node::Dict(_) => 0,
        Node::Long(number) => integer::cost(number),
        Node::Object(object) => object.class.len(),
        _ => reduce::weight(node),
    }
}

fn scalar(node: &Node) -> Option<Value> {
    Some(match node {
        Node::None => Value::None,
        Node::Bool(value) => Value::Bool(*value),
        Node::Int(number) => Value::Int(BigInt::from(*number)),
        Node::Long(number) => Value::Int(BigInt::clone(number)),
        Node::Float(number) => Value::Float(*number),
        Node::Complex(real, imaginary) => Value::Complex(*real, *imaginary),
        Node::Str(text) => Value::Str(text.clone()),
        Node::Bytes(bytes) => Value::Bytes(bytes.clone()),
        Node::ByteArray(bytes) => Value::ByteArray(bytes.clone()),
        Node::Py2Str(bytes) => Value::Py2Str(bytes.clone()),
        Node::Range(range) => {
            let [start, stop, step] = BigIntRange::clone(range);
            Value::Range(start, stop, step)
        }
        Node::Global(name) => Value::Global(name.clone()),
        _ => return None,
    })
}

type BigIntRange = [BigInt; 3];

/// How Python's `repr` writes a container inside itself.
fn recursion(node: &Node) -> &'static str {
    match node {
        Node::List(_) => "[...]",
        Node::Tuple(_) => "(...)",
        Node::Dict(_) | Node::Set(_) => "{...}",
        _ => "...",
    }
}
