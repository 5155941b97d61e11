use strum::IntoStaticStr;

use super::{Partition, Partitions};

/// The names of one system's exchange and queues.
#[derive(Clone, Debug)]
pub struct QueueNames {
    prefix: String,
}

/// The worker that consumes a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ConsumerKind {
    /// Writes to the database.
    Persister,
    /// Publishes to the portals.
    Broadcaster,
}

impl ConsumerKind {
    /// Both workers.
    pub const ALL: [Self; 2] = [Self::Persister, Self::Broadcaster];

    /// The worker's name in logs, metrics and RabbitMQ's list of connections.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// A list of this worker alone.
    pub(super) fn only(self) -> &'static [Self] {
        match self {
            Self::Persister => &[Self::Persister],
            Self::Broadcaster => &[Self::Broadcaster],
        }
    }
}

/// The queues that an event goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum RoutingKey {
    /// Events that the gateway accepted: both workers.
    Accepted,
    /// Session states that the persister committed: the broadcaster.
    SessionUpdated,
}

impl RoutingKey {
    /// The routing key in RabbitMQ.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The workers whose queues receive the event.
    pub fn workers(self) -> &'static [ConsumerKind] {
        match self {
            Self::Accepted => &ConsumerKind::ALL,
            Self::SessionUpdated => ConsumerKind::Broadcaster.only(),
        }
    }
}

impl QueueNames {
    /// Creates names that begin with `prefix`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The topic exchange through which other systems publish events. A publish to it does not show whether
    /// every queue exists, so the services publish to each queue by name.
    pub fn exchange(&self) -> String {
        format!("{}.events", self.prefix)
    }

    /// The queue of the first partition that `worker` consumes. Its name does not depend on the number of
    /// partitions.
    pub fn queue(&self, worker: ConsumerKind) -> String {
        let work = match worker {
            ConsumerKind::Persister => "persist",
            ConsumerKind::Broadcaster => "broadcast",
        };
        format!("{}.{work}", self.prefix)
    }

    /// The queue of `partition` that `worker` consumes.
    pub fn queue_of(&self, worker: ConsumerKind, partition: Partition) -> String {
        match partition {
            Partition::FIRST => self.queue(worker),
            _ => format!("{}.{partition}", self.queue(worker)),
        }
    }

    /// Every queue of `partitions` that `worker` consumes.
    pub fn queues(&self, worker: ConsumerKind, partitions: Partitions) -> Vec<String> {
        partitions.all().map(|partition| self.queue_of(worker, partition)).collect()
    }

    /// The queue of `worker`'s dead letters.
    pub fn dead_letters(&self, worker: ConsumerKind) -> String {
        format!("{}.dead", self.queue(worker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_the_prefix_the_worker_and_the_partition() {
        let names = QueueNames::new("chat");
        assert_eq!(names.exchange(), "chat.events");
        assert_eq!(names.queue(ConsumerKind::Persister), "chat.persist");
        assert_eq!(names.queue(ConsumerKind::Broadcaster), "chat.broadcast");
        let queues = names.queues(ConsumerKind::Broadcaster, "3".parse().unwrap());
        assert_eq!(queues, ["chat.broadcast", "chat.broadcast.1", "chat.broadcast.2"]);
        assert_eq!(names.dead_letters(ConsumerKind::Persister), "chat.persist.dead");
        assert_eq!(names.dead_letters(ConsumerKind::Broadcaster), "chat.broadcast.dead");
    }
}
