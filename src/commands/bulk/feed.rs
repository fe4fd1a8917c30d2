//! The way of keys from the reader to the threads of all connections.

use std::sync::mpsc::SyncSender;

use super::BLOCK;
use super::Told;
use super::block::Block;
use crate::pool::pipeline::Counts;
use crate::routing::Targets;

/// The way from the reader to the threads of all connections.
pub(super) struct Feed {
    pub(super) connections: usize,
    /// Whose turn it is among the connections of a server.
    pub(super) turn: usize,
    /// As many a server as there are connections, one server after the other.
    pub(super) lanes: Vec<(SyncSender<Block>, Block)>,
    /// Keys that the protocol cannot carry.
    pub(super) refused: Counts,
}

impl Feed {
    /// Gives a key to the threads of its servers; returns how many were passed on.
    pub(super) fn push(&mut self, key: &[u8], targets: &Targets) -> u64 {
        let mut passed = 0;
        for server in targets.iter() {
            let Some((sender, block)) = self.lanes.get_mut(server * self.connections + self.turn) else {
                continue;
            };
            block.push(key);
            if block.len() >= BLOCK {
                passed += block.len() as u64;
                hand_over(sender, block);
                self.turn = (self.turn + 1) % self.connections;
            }
        }
        passed
    }

    pub(super) fn refuse(&mut self, told: &dyn Told, bytes: &[u8], reason: &str) {
        self.refused.failed += 1;
        if self.refused.refusal.is_none() {
            self.refused.refusal = Some(reason.to_owned());
        }
        told.failed(None, &[bytes], reason);
    }

    /// Passes on what is left, unless the user wants an end.
    pub(super) fn end(mut self, interrupted: bool) -> Counts {
        if !interrupted {
            self.lanes.iter_mut().for_each(|(sender, block)| hand_over(sender, block));
        }
        self.refused
    }
}

/// Gives a block to a server's thread, which takes everything up to the end.
fn hand_over(sender: &SyncSender<Block>, block: &mut Block) {
    if block.len() > 0 {
        // A thread that has ended panicked, which its join tells.
        drop(sender.send(std::mem::replace(block, Block::with_capacity(BLOCK))));
    }
}
