//! The operations of the machine that name classes, call them and give their objects a state.

use super::PickleError;
use super::graph::Id;
use super::graph::Node;
use super::graph::ObjectNode;
use super::machine::Machine;
use super::opcode;
use super::reduce;

impl Machine<'_> {
    pub(super) fn global(&mut self, code: u8) -> Result<(), PickleError> {
        let name = if code == opcode::GLOBAL {
            let module = String::from_utf8_lossy(self.cursor.line()?).into_owned();
            reduce::full_name(&module, &String::from_utf8_lossy(self.cursor.line()?))
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (self.graph.node(module), self.graph.node(name)) {
                (Node::Str(module), Node::Str(name)) => {
                    self.budget.charge(module.as_bytes().len().saturating_add(name.as_bytes().len()))?;
                    reduce::full_name(&module.to_string_lossy(), &name.to_string_lossy())
                }
                _ => return Err(self.malformed("a global whose name is no text")),
            }
        };
        let length = name.len();
        self.push(Node::Global(name), length)
    }

    pub(super) fn object(&mut self, code: u8) -> Result<(), PickleError> {
        let mut kwargs = Vec::new();
        let (class, args) = match code {
            opcode::INST => {
                let module = String::from_utf8_lossy(self.cursor.line()?).into_owned();
                let name = reduce::full_name(&module, &String::from_utf8_lossy(self.cursor.line()?));
                (name, self.pop_mark()?)
            }
            opcode::OBJ => {
                let mut args = self.pop_mark()?;
                if args.is_empty() {
                    return Err(self.malformed("an object without a class"));
                }
                let class = args.remove(0);
                (self.class_name(class)?, args)
            }
            _ => {
                if code == opcode::NEWOBJ_EX {
                    kwargs = self.pop_dict()?;
                }
                let args = self.pop_tuple()?;
                let class = self.pop()?;
                (self.class_name(class)?, args)
            }
        };
        if kwargs.is_empty()
            && let Some((node, payload)) = reduce::evaluate(&self.graph, &class, &args)
        {
            return self.push(node, payload);
        }
        let payload = class.len();
        let object = ObjectNode { class, args, kwargs, ..ObjectNode::default() };
        self.push(Node::Object(Box::new(object)), payload)
    }

    fn pop_tuple(&mut self) -> Result<Vec<Id>, PickleError> {
        let id = self.pop()?;
        let Node::Tuple(items) = self.graph.node(id) else {
            return Err(self.malformed("arguments that are no tuple"));
        };
        self.budget.charge(items.len().saturating_mul(size_of::<Id>()))?;
        Ok(items.clone())
    }

    fn pop_dict(&mut self) -> Result<Vec<(Id, Id)>, PickleError> {
        let id = self.pop()?;
        let Node::Dict(items) = self.graph.node(id) else {
            return Err(self.malformed("keyword arguments that are no dict"));
        };
        self.budget.charge(items.len().saturating_mul(size_of::<(Id, Id)>()))?;
        Ok(items.clone())
    }

    /// The name of a class as it is written; the caller charges for it.
    fn class_name(&self, class: Id) -> Result<String, PickleError> {
        reduce::class_name(&self.graph, class).ok_or_else(|| self.malformed("a call of what is no class"))
    }

    pub(super) fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let target = self.top()?;
        if let Some(Node::Object(object)) = self.graph.node_mut(target) {
            object.state = Some(state);
            return Ok(());
        }
        // A set or bytearray with attributes is an object that holds the plain one.
        let node = self.graph.node(target).clone();
        let Some(class) = reduce::class_of(&node) else {
            return Err(self.malformed("a state for what has none"));
        };
        let payload = reduce::weight(&node);
        let plain = self.add(node, payload)?;
        let object = ObjectNode {
            class: class.to_owned(),
            args: vec![plain],
            state: Some(state),
            ..ObjectNode::default()
        };
        if let Some(slot) = self.graph.node_mut(target) {
            *slot = Node::Object(Box::new(object));
        }
        Ok(())
    }
}
