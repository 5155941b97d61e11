//! RabbitMQ's rate of confirms with one pair of queues and with several. Eight publishers have one
//! outstanding body each. With one partition they share one pair, as eight gateways do; with eight
//! each has a pair of its own, as the partitions of one gateway do.

use std::time::{Duration, Instant};

use bench_limits::report;
use broker::{BrokerSettings, Publisher, RoutingKey};
use chat::{Message, SenderType, body, event::Event};
use clap::Parser;
use service::install_crypto;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Publishes bodies of messages into the pairs of queues of `QUEUE_PARTITIONS`, and prints the rate
/// of messages that were confirmed in both queues of a pair
#[derive(Clone, Debug, Parser)]
struct Options {
    #[command(flatten)]
    broker: BrokerSettings,

    /// Seconds of the measurement
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 5, value_name = "NUMBER")]
    seconds: u64,

    /// Publishers, assigned to the partitions in turn
    #[arg(long, env = "BENCH_PUBLISHERS", default_value_t = 8, value_name = "NUMBER")]
    publishers: usize,

    /// Messages in a body
    #[arg(long, env = "BENCH_MESSAGES", default_value_t = 1, value_name = "NUMBER")]
    messages: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    install_crypto();
    let options = Options::parse();
    let mut publishers = Vec::new();
    let partitions = options.broker.queue_partitions.all().cycle();
    for partition in partitions.take(options.publishers) {
        let publisher = Publisher::connect(&options.broker, partition, "bench: queues").await?;
        publishers.push((publisher, partition));
    }
    let body = body(options.messages)?;
    let began = Instant::now();
    let end = began + Duration::from_secs(options.seconds);
    let mut publishing = JoinSet::new();
    for (mut publisher, partition) in publishers {
        let body = body.clone();
        publishing.spawn(async move {
            let mut bodies = 0;
            while Instant::now() < end {
                publisher.publish(RoutingKey::Accepted, partition, &body).await?;
                bodies += 1;
            }
            anyhow::Ok(bodies)
        });
    }
    let mut messages = 0;
    while let Some(published) = publishing.join_next().await {
        messages += published?? * options.messages as u64;
    }
    report("messages", messages, began.elapsed());
    Ok(())
}

fn body(messages: usize) -> anyhow::Result<Vec<u8>> {
    let message = || -> anyhow::Result<_> {
        let message = Message {
            message_id: Uuid::now_v7(),
            player_id: "player-1".to_owned().try_into()?,
            player_name: None,
            sender_type: SenderType::Player,
            sender_id: Some("player-1".to_owned().try_into()?),
            sender_name: Some("Bo".to_owned().try_into()?),
            content: "My sword is gone".to_owned().try_into()?,
            accepted_at: chat::now(),
            socket_id: None,
            attachments: Vec::new(),
            intake: None,
            traceparent: None,
        };
        Ok(Event::Message(Box::new(message)).encode()?)
    };
    let messages = (0..messages).map(|_| message()).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(body::encode(&messages))
}
