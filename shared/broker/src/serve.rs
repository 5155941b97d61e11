use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::{BrokerSettings, ConsumerKind, Partition, surplus_partitions};

/// Has each partition of the settings, and each that is there beyond them, worked off by what `work`
/// makes for it, in a task of its own, so that none waits for another. Resolves when all have ended.
///
/// # Errors
/// When one of them panics.
pub async fn serve_partitions<W>(
    settings: &BrokerSettings,
    worker: ConsumerKind,
    mut work: impl FnMut(Partition) -> W,
) -> Result<(), JoinError>
where
    W: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for partition in settings.queue_partitions.all() {
        tasks.spawn(work(partition).instrument(settings.span(partition)));
    }
    let mut finding = std::pin::pin!(surplus_partitions::find(settings, worker));
    let mut looking = true;
    loop {
        tokio::select! {
            found = &mut finding, if looking => {
                looking = false;
                for partition in found {
                    tasks.spawn(work(partition).instrument(settings.span(partition)));
                }
            }
            ended = tasks.join_next() => match ended {
                Some(ended) => ended?,
                None => return Ok(()),
            }
        }
    }
}
