//! Connections, subscriptions and the delivery of events.

mod channel;
mod outbox;
mod registry;
mod subscription;

pub use outbox::{Outbox, OutgoingFrames};
pub use registry::Hub;
pub use subscription::Subscription;
