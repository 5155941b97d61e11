use super::{BrokerSettings, PublishError, Publisher, RoutingKey};
use crate::service::{Outage, backoff, health::Dependency};

/// Publishes and does not give up: connects again and tries again, with growing waits, until
/// RabbitMQ has what it was given. Whoever cannot wait for ever drops the future; the publish may
/// then have been done or not.
pub struct PatientPublisher {
    settings: BrokerSettings,
    purpose: &'static str,
    publisher: Option<Publisher>,
    outage: Outage,
}

impl PatientPublisher {
    /// Will connect when there is something to publish; `purpose` is what RabbitMQ shows the
    /// connection as.
    pub fn new(settings: &BrokerSettings, purpose: &'static str) -> Self {
        let outage = Outage::new(Dependency::new(purpose));
        Self {
            settings: settings.clone(),
            purpose,
            publisher: None,
            outage,
        }
    }

    /// Publishes `body` to the queues of `key`.
    pub async fn publish(&mut self, key: RoutingKey, body: &[u8]) {
        self.insist(async |publisher| publisher.publish(key, body).await)
            .await;
    }

    /// Puts `body` into the queue of dead letters `queue`, with the reason why it is one.
    pub async fn bury(&mut self, queue: &str, body: &[u8], reason: &str) {
        self.insist(async |publisher| {
            super::dead_letters::bury(publisher, queue, body, reason).await
        })
        .await;
    }

    async fn insist(
        &mut self,
        mut publish: impl AsyncFnMut(&mut Publisher) -> Result<(), PublishError>,
    ) {
        for wait in backoff::waits() {
            match self.attempt(&mut publish).await {
                Ok(()) => {
                    self.outage.succeeded();
                    return;
                }
                Err(error) => {
                    // Whatever went wrong, a new connection makes a missing topology anew.
                    self.publisher = None;
                    self.outage.failed(&error);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        publish: &mut impl AsyncFnMut(&mut Publisher) -> Result<(), PublishError>,
    ) -> Result<(), PublishError> {
        // Out of its place while in use: a future that is dropped half way leaves no publisher
        // behind whose confirm is still on its way.
        let mut publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => Publisher::connect(&self.settings, self.purpose).await?,
        };
        publish(&mut publisher).await?;
        self.publisher = Some(publisher);
        Ok(())
    }
}
