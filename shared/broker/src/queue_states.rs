use super::{
    BrokerError, BrokerSettings, ConsumerKind, QueueState,
    connection::{Connection, with_timeout},
    topology,
};

/// The state of a worker's queues.
#[derive(Debug)]
pub struct QueueStates {
    /// Of each partition.
    pub queues: Vec<QueueState>,
    /// Of the queue of dead letters.
    pub dead_letters: QueueState,
}

impl QueueStates {
    /// Reads the state of the queues of `worker`.
    ///
    /// # Errors
    /// When RabbitMQ cannot be used at the moment, or a queue is missing.
    pub async fn read(
        settings: &BrokerSettings,
        worker: ConsumerKind,
    ) -> Result<Self, BrokerError> {
        let connection = Connection::open(settings, "inspecting queues").await?;
        let (channel, names) = (connection.channel().await?, settings.names());
        let mut queues = Vec::new();
        for name in names.queues(worker, settings.queue_partitions) {
            let state = topology::inspect(&channel, name);
            queues.push(with_timeout(settings.broker_timeout, state).await?);
        }
        let state = topology::inspect(&channel, names.dead_letters(worker));
        let dead_letters = with_timeout(settings.broker_timeout, state).await?;
        Ok(Self { queues, dead_letters })
    }
}
