//! The persister's process.

use broker::{ConsumerKind, DeadLetterCommand, Worker};
use clap::Parser;
use persister::{
    commands::{
        ArchiveCommand, AuditCommand, DistributeCommand, EraseCommand, ExportCommand,
        MigrateCommand, PredecessorCommand,
    },
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
    Distribute(DistributeCommand),
    Predecessor(PredecessorCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Command(Command::Migrate(command)) => command.run().await,
        Invocation::Command(Command::DeadLetters(command)) => {
            command.run(ConsumerKind::Persister).await
        }
        Invocation::Command(Command::Export(command)) => command.run().await,
        Invocation::Command(Command::Erase(command)) => command.run().await,
        Invocation::Command(Command::Archive(command)) => command.run().await,
        Invocation::Command(Command::Audit(command)) => command.run().await,
        Invocation::Command(Command::Distribute(command)) => command.run().await,
        Invocation::Command(Command::Predecessor(command)) => command.run().await,
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(error) = settings.check() {
        fail(&error);
    }
    telemetry::init(&settings.logs);
    settings.broker.warn_of_cleartext();
    settings.database.warn_of_cleartext();
    let (listener, stop) = Worker::listen(ConsumerKind::Persister, &settings.persister_listen)?;
    worker::run(settings, listener, stop).await
}
