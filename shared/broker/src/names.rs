use super::{Partition, Partitions};

/// What the exchange and the queues of one system are called.
#[derive(Clone, Debug)]
pub struct QueueNames {
    prefix: String,
}

/// Which of the two workers a queue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerKind {
    /// Writes to the database.
    Persister,
    /// Pushes to the portals.
    Broadcaster,
}

impl ConsumerKind {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Persister, Self::Broadcaster];
}

/// Which queues an event goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutingKey {
    /// What the gateway accepted: to both workers.
    Accepted,
    /// What the persister committed of a session: to the broadcaster.
    SessionUpdated,
}

impl RoutingKey {
    /// The key as RabbitMQ sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::SessionUpdated => "session-updated",
        }
    }

    /// Whose queue gets it.
    pub fn workers(self) -> &'static [ConsumerKind] {
        match self {
            Self::Accepted => &ConsumerKind::ALL,
            Self::SessionUpdated => &[ConsumerKind::Broadcaster],
        }
    }
}

impl QueueNames {
    /// Names that begin with `prefix`.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The topic exchange by which others can put events into the queues. Who must know that they
    /// arrive names the queues.
    pub fn exchange(&self) -> String {
        format!("{}.events", self.prefix)
    }

    /// The queue of the first partition that `worker` works off, whose name is the same however many
    /// partitions there are.
    pub fn queue(&self, worker: ConsumerKind) -> String {
        let work = match worker {
            ConsumerKind::Persister => "persist",
            ConsumerKind::Broadcaster => "broadcast",
        };
        format!("{}.{work}", self.prefix)
    }

    /// The queue of `partition` that `worker` works off.
    pub fn queue_of(&self, worker: ConsumerKind, partition: Partition) -> String {
        match partition {
            Partition::FIRST => self.queue(worker),
            _ => format!("{}.{partition}", self.queue(worker)),
        }
    }

    /// Every queue of `partitions` that `worker` works off.
    pub fn queues(&self, worker: ConsumerKind, partitions: Partitions) -> Vec<String> {
        partitions.all().map(|partition| self.queue_of(worker, partition)).collect()
    }

    /// Where `worker` puts what it can never deal with.
    pub fn dead_letters(&self, worker: ConsumerKind) -> String {
        format!("{}.dead", self.queue(worker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_design() {
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
