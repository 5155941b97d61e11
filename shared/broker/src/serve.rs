use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::{BrokerSettings, ConsumerKind, Partition, surplus_partitions};

/// Spawns `work` for each partition of the settings and for each surplus partition, in a task of its
/// own, so that none waits for another. Resolves when all tasks have ended.
///
/// # Errors
/// When a task panics.
pub(super) async fn serve_partitions<W>(
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
    let mut surplus = std::pin::pin!(surplus_partitions::find(settings, worker));
    let mut is_searching = true;
    loop {
        tokio::select! {
            found = &mut surplus, if is_searching => {
                is_searching = false;
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
