//! The persister's process.

use std::net::TcpListener;

use anyhow::Context;
use broker::{ConsumerKind, DeadLetterCommand};
use clap::Parser;
use persister::{
    commands::{ArchiveCommand, AuditCommand, EraseCommand, ExportCommand, MigrateCommand},
    settings::Settings,
    worker,
};
use service::{
    install_crypto,
    settings::{Invocation, fail, parse_invocation},
    shutdown, telemetry,
};

/// Consume accepted events from RabbitMQ and write them to PostgreSQL in batches
#[derive(Debug, Parser)]
#[command(name = "persister", version)]
struct Serve {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Parser)]
#[command(name = "persister", version)]
enum Command {
    Migrate(MigrateCommand),
    /// List, replay or purge the persister's dead letters
    DeadLetters(DeadLetterCommand),
    Export(ExportCommand),
    Erase(EraseCommand),
    Archive(ArchiveCommand),
    Audit(AuditCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Do(Command::Migrate(command)) => command.run().await,
        Invocation::Do(Command::DeadLetters(command)) => command.run(ConsumerKind::Persister).await,
        Invocation::Do(Command::Export(command)) => command.run().await,
        Invocation::Do(Command::Erase(command)) => command.run().await,
        Invocation::Do(Command::Archive(command)) => command.run().await,
        Invocation::Do(Command::Audit(command)) => command.run().await,
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(error) = settings.check() {
        fail(&error);
    }
    telemetry::init(&settings.logs);
    settings.broker.warn_of_cleartext();
    settings.database.warn_of_cleartext();
    let listen = &settings.persister_listen;
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let stop = shutdown::on_signal()?;
    tracing::info!(listen = %listener.local_addr()?, "persister started");
    worker::run(settings, listener, stop).await
}
