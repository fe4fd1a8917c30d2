//! What `top` shows: one frame of figures after the other.

mod frame;

pub use frame::Column;
pub use frame::Frame;
pub use frame::Row;
pub use frame::View;
