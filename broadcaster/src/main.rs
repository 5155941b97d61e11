//! The broadcaster's process.

use broadcaster::{settings::Settings, worker};
use broker::{ConsumerKind, DeadLetterCommand, Worker};
use clap::Parser;
use pusher::ChannelAccess;
use service::{
    install_crypto,
    settings::{Invocation, fail, parse_invocation},
    shutdown, telemetry,
};

/// Consumes the chat's events from RabbitMQ and publishes them to the portals through Pusher
#[derive(Debug, Parser)]
#[command(name = "broadcaster", version)]
struct Serve {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Parser)]
#[command(name = "broadcaster", version)]
enum Command {
    /// List, replay or purge the events that Pusher rejects
    DeadLetters(DeadLetterCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Command(Command::DeadLetters(command)) => {
            command.run(ConsumerKind::Broadcaster).await
        }
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(complaint) = settings.check() {
        fail(&complaint);
    }
    telemetry::init(&settings.logs);
    settings.broker.warn_of_cleartext();
    settings.pusher.warn_of_cleartext();
    if settings.pusher.channels.pusher_channel_access == ChannelAccess::Public {
        tracing::warn!(
            "PUSHER_CHANNEL_ACCESS=public: every client with the app key can subscribe to every player"
        );
    }
    let (listener, stop) = Worker::listen(ConsumerKind::Broadcaster, &settings.broadcaster_listen)?;
    worker::run(settings, listener, stop).await
}
