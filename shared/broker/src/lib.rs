//! RabbitMQ between the services.
//!
//! The gateway publishes accepted events to two quorum queues, one for each worker. A worker publishes the
//! events that it can never process to its queue of dead letters:
//!
//! ```text
//! gateway ── accepted ─┬─▶ chat.persist   ─▶ persister   ··▶ chat.persist.dead
//!                      └─▶ chat.broadcast ─▶ broadcaster ··▶ chat.broadcast.dead
//! persister ── session-updated ──▲
//! ```
//!
//! With `QUEUE_PARTITIONS` there are more of these pairs, with a number at the end of their names, over which
//! the players are spread; see [`Partitions`].
//!
//! Other systems can publish events to the same queues through the topic exchange `chat.events`.

mod connection;
mod consumer;
mod dead_letter;
mod dead_letter_command;
pub mod dead_letters;
mod names;
mod partition;
mod publisher;
mod queue_metrics;
mod queue_states;
mod retrying_publisher;
mod serve;
mod settings;
mod socket;
mod surplus_partitions;
mod topology;
mod watch;
mod worker;

pub use connection::BrokerError;
pub use consumer::{Consumer, Delivery};
pub use dead_letter::{DeadLetter, DeadLetterReason};
pub use dead_letter_command::DeadLetterCommand;
pub use names::{ConsumerKind, QueueNames, RoutingKey};
pub use partition::{Partition, Partitions};
pub use publisher::{PublishError, Published, Publisher};
pub use queue_metrics::QueueMetrics;
pub use queue_states::QueueStates;
pub use retrying_publisher::RetryingPublisher;
pub use settings::{BrokerSettings, ConsumerSettings};
pub use topology::QueueState;
pub use watch::QueueWatch;
pub use worker::{Consume, Worker};
