//! Who is connected, who listens to which channel, and how an event reaches them.

mod channel;
mod outbox;
mod registry;
mod subscription;

pub use outbox::{Outbox, OutgoingFrames};
pub use registry::Hub;
pub use subscription::Subscription;
