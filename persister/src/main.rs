//! The persister's process.

use std::net::TcpListener;

use anyhow::Context;
use broker::{ConsumerKind, DeadLetterCommand};
use clap::Parser;
use database::DatabaseSettings;
use persister::{
    archive::{ABOUT_ARCHIVING, ArchiveCommand},
    audit::{ABOUT_AUDITING, AuditCommand},
    privacy::{self, EraseCommand, ExportCommand},
    settings::Settings,
    worker,
};
use service::{
    install_crypto,
    settings::{Invocation, fail, parse_invocation},
    shutdown, telemetry,
};

/// Takes what the gateway accepted off RabbitMQ and writes it to PostgreSQL, in batches
#[derive(Debug, Parser)]
#[command(name = "persister", version)]
struct Serve {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Parser)]
#[command(name = "persister", version)]
enum Command {
    /// Bring the database to the schema of this release, once, safely beside others
    Migrate {
        #[command(flatten)]
        database: DatabaseSettings,
    },
    /// List, replay or purge what could never be written
    DeadLetters(DeadLetterCommand),
    /// Write all that is stored of one player to standard output, in JSON
    Export(ExportCommand),
    /// Erase what was said in one player's conversation, and keep that it was held
    #[command(long_about = privacy::ABOUT_ERASING)]
    Erase(EraseCommand),
    /// Move messages of sessions that were resolved long ago out of the database into files
    #[command(long_about = ABOUT_ARCHIVING)]
    Archive(ArchiveCommand),
    /// Print what staff did, or delete what was kept for long enough
    #[command(long_about = ABOUT_AUDITING)]
    Audit(AuditCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Command(Command::Migrate { database }) => migrate(database).await,
        Invocation::Command(Command::DeadLetters(command)) => {
            command.run(ConsumerKind::Persister).await
        }
        Invocation::Command(Command::Export(command)) => command.run().await,
        Invocation::Command(Command::Erase(command)) => command.run().await,
        Invocation::Command(Command::Archive(command)) => command.run().await,
        Invocation::Command(Command::Audit(command)) => command.run().await,
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(complaint) = settings.check() {
        fail(&complaint);
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

#[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
async fn migrate(settings: DatabaseSettings) -> anyhow::Result<()> {
    if let Err(complaint) = settings.check() {
        fail(&complaint);
    }
    let applied = database::migrate(&settings).await?;
    applied.iter().for_each(|migration| println!("applied {migration}"));
    println!("the database is up to date");
    Ok(())
}
