use nix::sys::signal::Signal;
use stack::RabbitMq;

/// Kills a node of RabbitMQ, and waits until it is ready again.
pub(super) async fn kill(node: &RabbitMq) -> anyhow::Result<()> {
    flush_queue_register(node).await?;
    let killed = node.process().identity();
    node.process().signal(Signal::SIGKILL);
    node.process().replaced(killed).await;
    node.ready().await
}

/// Has a node write its register of queues to disk. RabbitMQ 3.10 does so half a second after a
/// queue is declared. A node that is killed earlier restarts with a queue that never gets a leader,
/// which is a fault of its own (`queue-leaderless`).
pub(super) async fn flush_queue_register(node: &RabbitMq) -> anyhow::Result<()> {
    node.control(&["eval", "dets:sync(ra_directory_reverse)."]).await?;
    Ok(())
}
