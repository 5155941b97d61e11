//! A minimal gateway with confirms: one publish to the exchange for each send, and 202 after the
//! confirm. The gateway's group commit is compared with it.
//!
//! Not for production: with many outstanding publishes a confirm can belong to another publish, and
//! no confirm covers a deleted queue (see ARCHITECTURE.md).

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, ensure};
use bench_limits::{Listen, SendRequest, accepted};
use broker::{self, BrokerSettings, Partition, RoutingKey};
use chat::{Message, body, event::Event};
use clap::Parser;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use secrecy::ExposeSecret;
use service::install_crypto;
use tokio::sync::Semaphore;

/// Publishes each send, and answers 202 after the confirm
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    listen: Listen,

    /// Upper bound of outstanding publishes
    #[arg(long, env = "BENCH_OUTSTANDING", default_value_t = 64, value_name = "NUMBER")]
    outstanding: usize,

    #[command(flatten)]
    broker: BrokerSettings,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    install_crypto();
    let options = Options::parse();
    // The gateway's publisher declares the exchange and the queues.
    drop(
        broker::Publisher::connect(&options.broker, Partition::FIRST, "confirming-gateway").await?,
    );
    let url = options.broker.amqp_urls.first().context("AMQP_URL is empty")?.expose_secret();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let publisher = web::Data::new(Publisher {
        channel,
        exchange: options.broker.names().exchange(),
        outstanding: Semaphore::new(options.outstanding),
    });
    let listener = options.listen.bind()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(publisher.clone())
            .route("/api/staff-chat-integration/send", web::post().to(send))
    });
    Ok(server.listen(listener)?.run().await?)
}

async fn send(publisher: web::Data<Publisher>, request: web::Json<SendRequest>) -> HttpResponse {
    let message = request.into_inner().into_message();
    let (message_id, accepted_at) = (message.message_id, message.accepted_at);
    match publisher.publish(message).await {
        Ok(()) => accepted(message_id, accepted_at),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

struct Publisher {
    channel: Channel,
    exchange: String,
    outstanding: Semaphore,
}

impl Publisher {
    async fn publish(&self, message: Message) -> anyhow::Result<()> {
        const PERSISTENT: u8 = 2;
        let body = body::encode([&Event::Message(Box::new(message)).encode()?]);
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into());
        let (exchange, key) = (self.exchange.as_str(), RoutingKey::Accepted.as_str());
        let _permit = self.outstanding.acquire().await?;
        let publish =
            self.channel.basic_publish(exchange.into(), key.into(), options, &body, properties);
        let confirmation = publish.await?.await?;
        ensure!(matches!(confirmation, Confirmation::Ack(None)), "not confirmed");
        Ok(())
    }
}
