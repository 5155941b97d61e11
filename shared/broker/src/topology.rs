//! Declares the exchange, the queues and the bindings.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    Channel, ErrorKind, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::{AMQPValue, FieldTable},
};

use super::{
    BrokerError, BrokerSettings, ConsumerKind, Partition, QueueNames, RoutingKey,
    connection::{Connection, with_timeout},
};

/// How often RabbitMQ delivers one message before it dead-letters it as one that kills its worker. In an
/// outage a worker requeues its messages every half hour, so that they reach the limit after weeks.
const DELIVERY_LIMIT: i64 = 1_000;

/// A list of dead letters gets and requeues them, which must not count.
const NO_DELIVERY_LIMIT: i64 = i32::MAX as i64;

/// Bytes that one queue of dead letters holds. Beyond them RabbitMQ drops the oldest, so that a full queue
/// stops no worker.
const DEAD_LETTERS_MAX_BYTES: i64 = 1024 * 1024 * 1024;

/// The state of an existing queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// Its name.
    pub name: String,
    /// Bodies that wait in it, without unacknowledged ones.
    pub messages: u32,
    /// Workers that consume it.
    pub consumers: u32,
}

/// Declares the queues of `partition`, the queues of dead letters and the exchange. Existing ones must have
/// the same arguments, except the bound of dead letters, which older releases did not set. What the account
/// may not declare must exist: each service may be permitted to declare its own queues only.
pub(super) async fn declare(
    connection: &Connection,
    channel: &Channel,
    settings: &BrokerSettings,
    partition: Partition,
) -> Result<(), BrokerError> {
    match declare_all(connection, channel, settings, partition).await {
        Err(error) if is_refusal(&error) => {
            declare_permitted(connection, settings, partition).await
        }
        declared => declared,
    }
}

async fn declare_all(
    connection: &Connection,
    channel: &Channel,
    settings: &BrokerSettings,
    partition: Partition,
) -> Result<(), BrokerError> {
    let names = settings.names();
    for worker in ConsumerKind::ALL {
        declare_dead_letters(connection, settings, worker).await?;
    }
    let declared = async {
        declare_exchange(channel, &names).await?;
        for worker in ConsumerKind::ALL {
            declare_queue(channel, &names, worker, partition, settings.queue_max_bytes).await?;
        }
        bind(channel, &names, partition).await
    };
    with_timeout(time_to_declare(settings), declared).await
}

/// Declares one after the other, each on a channel of its own, since RabbitMQ closes the channel of a
/// declaration that it refuses.
async fn declare_permitted(
    connection: &Connection,
    settings: &BrokerSettings,
    partition: Partition,
) -> Result<(), BrokerError> {
    let (names, limit) = (settings.names(), time_to_declare(settings));
    for worker in ConsumerKind::ALL {
        let declared = declare_dead_letters(connection, settings, worker).await;
        unless_it_exists(declared, connection, settings, names.dead_letters(worker)).await?;
        let channel = connection.channel().await?;
        let declare = declare_queue(&channel, &names, worker, partition, settings.queue_max_bytes);
        let declared = with_timeout(limit, declare).await;
        let queue = names.queue_of(worker, partition);
        unless_it_exists(declared, connection, settings, queue).await?;
    }
    let channel = connection.channel().await?;
    // A missing exchange fails the binding.
    match with_timeout(limit, declare_exchange(&channel, &names)).await {
        Err(error) if !is_refusal(&error) => return Err(error),
        _ => {}
    }
    let channel = connection.channel().await?;
    with_timeout(limit, bind(&channel, &names, partition)).await
}

/// The outcome of a declaration, or whether `queue` exists if the account may not declare it.
async fn unless_it_exists(
    declared: Result<(), BrokerError>,
    connection: &Connection,
    settings: &BrokerSettings,
    queue: String,
) -> Result<(), BrokerError> {
    match declared {
        Err(error) if is_refusal(&error) => {
            let channel = connection.channel().await?;
            let inspected = inspect(&channel, queue.clone());
            match with_timeout(settings.broker_timeout, inspected).await {
                Err(error) if has_code(&error, AMQPSoftError::NOTFOUND) => {
                    Err(BrokerError::Missing(queue))
                }
                inspected => inspected.map(drop),
            }
        }
        declared => declared,
    }
}

/// Whether the account lacks the permission.
fn is_refusal(error: &BrokerError) -> bool {
    has_code(error, AMQPSoftError::ACCESSREFUSED)
}

/// Whether RabbitMQ has closed the channel with this code.
fn has_code(error: &BrokerError, code: AMQPSoftError) -> bool {
    let code = AMQPErrorKind::Soft(code);
    matches!(error, BrokerError::Broker(error)
        if matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == code))
}

async fn declare_exchange(channel: &Channel, names: &QueueNames) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let (name, kind) = (names.exchange(), ExchangeKind::Topic);
    channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
}

/// The election of new queues' leaders takes longer than a response.
fn time_to_declare(settings: &BrokerSettings) -> Duration {
    settings.broker_timeout * 10
}

/// The states of the queues of `partition`, which are bound again if they must be.
///
/// # Errors
/// When a queue is missing; the channel is then closed.
pub(super) async fn check(
    channel: &Channel,
    names: &QueueNames,
    partition: Partition,
) -> lapin::Result<Vec<QueueState>> {
    let mut states = Vec::new();
    for worker in ConsumerKind::ALL {
        states.push(inspect(channel, names.queue_of(worker, partition)).await?);
    }
    bind(channel, names, partition).await?;
    Ok(states)
}

/// The state of the queue `name`.
///
/// # Errors
/// When it is missing; the channel is then closed.
pub(super) async fn inspect(channel: &Channel, name: String) -> lapin::Result<QueueState> {
    let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
    let declare = channel.queue_declare(name.clone().into(), passive, FieldTable::default());
    let queue = declare.await?;
    Ok(QueueState { name, messages: queue.message_count(), consumers: queue.consumer_count() })
}

/// Binds the queues of the first partition only, so that each worker gets one copy of an event that another
/// system publishes to the exchange.
async fn bind(channel: &Channel, names: &QueueNames, partition: Partition) -> lapin::Result<()> {
    if partition != Partition::FIRST {
        return Ok(());
    }
    for key in [RoutingKey::Accepted, RoutingKey::SessionUpdated] {
        for worker in key.workers() {
            let (queue, exchange) = (names.queue(*worker), names.exchange());
            let options = QueueBindOptions::default();
            channel
                .queue_bind(
                    queue.into(),
                    exchange.into(),
                    key.as_str().into(),
                    options,
                    FieldTable::default(),
                )
                .await?;
        }
    }
    Ok(())
}

async fn declare_queue(
    channel: &Channel,
    names: &QueueNames,
    worker: ConsumerKind,
    partition: Partition,
    queue_max_bytes: u64,
) -> lapin::Result<()> {
    let mut arguments = FieldTable::default();
    text(&mut arguments, "x-queue-type", "quorum");
    text(&mut arguments, "x-overflow", "reject-publish");
    text(&mut arguments, "x-dead-letter-exchange", "");
    text(&mut arguments, "x-dead-letter-routing-key", &names.dead_letters(worker));
    text(&mut arguments, "x-dead-letter-strategy", "at-least-once");
    number(&mut arguments, "x-delivery-limit", DELIVERY_LIMIT);
    number(
        &mut arguments,
        "x-max-length-bytes",
        i64::try_from(queue_max_bytes).unwrap_or(i64::MAX),
    );
    if partition != Partition::FIRST {
        // By default the leader is the node that the declaring client is connected to. The queues of the
        // first partition were declared before this argument, and must keep theirs.
        text(&mut arguments, "x-queue-leader-locator", "balanced");
    }
    declare_durable(channel, names.queue_of(worker, partition), arguments).await
}

/// Declares `worker`'s queue of dead letters, with a bound. One of an older release is used as it is: its
/// arguments cannot be changed, and an operator bounds it with a policy.
async fn declare_dead_letters(
    connection: &Connection,
    settings: &BrokerSettings,
    worker: ConsumerKind,
) -> Result<(), BrokerError> {
    let mut arguments = FieldTable::default();
    text(&mut arguments, "x-queue-type", "quorum");
    text(&mut arguments, "x-overflow", "drop-head");
    number(&mut arguments, "x-max-length-bytes", DEAD_LETTERS_MAX_BYTES);
    number(&mut arguments, "x-delivery-limit", NO_DELIVERY_LIMIT);
    let queue = settings.names().dead_letters(worker);
    // RabbitMQ closes the channel if the arguments differ.
    let channel = connection.channel().await?;
    let declare = declare_durable(&channel, queue.clone(), arguments);
    match with_timeout(time_to_declare(settings), declare).await {
        Ok(()) => {
            with_timeout(settings.broker_timeout, channel.close(200, "declared".into())).await
        }
        Err(BrokerError::Broker(error)) if is_about_the_bound(&error) => {
            warn_of_unbounded(&queue);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn is_about_the_bound(error: &lapin::Error) -> bool {
    let unequal = AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    let message = error.get_message().to_string();
    *error.kind() == unequal
        && ["x-max-length-bytes", "x-overflow"].iter().any(|name| message.contains(name))
}

/// Warns once for each queue.
fn warn_of_unbounded(queue: &str) {
    static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    if WARNED.lock().unwrap_or_else(PoisonError::into_inner).insert(queue.to_owned()) {
        tracing::warn!(
            queue,
            "an older release declared this queue of dead letters without a bound: set one with a policy, see \
             docs/operations/dead-letters.md"
        );
    }
}

async fn declare_durable(
    channel: &Channel,
    queue: String,
    arguments: FieldTable,
) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..Default::default() };
    channel.queue_declare(queue.into(), options, arguments).await?;
    Ok(())
}

fn text(arguments: &mut FieldTable, name: &str, value: &str) {
    arguments.insert(name.into(), AMQPValue::LongString(value.into()));
}

fn number(arguments: &mut FieldTable, name: &str, value: i64) {
    arguments.insert(name.into(), AMQPValue::LongLongInt(value));
}
