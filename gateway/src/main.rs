//! The gateway's process.

use std::net::TcpListener;

use anyhow::Context;
use clap::Parser;
use gateway::{
    attachment_commands::AttachmentCommand,
    auth::{AuthConfig, Authenticator, TokenCommand},
    canned_import::CannedCommand,
    openapi,
    request_log::UserHashCommand,
    settings::Settings,
    startup::Gateway,
};
use service::{
    install_crypto,
    settings::{Invocation, fail, parse_invocation},
    shutdown, telemetry,
};

/// Accepts the portals' messages into RabbitMQ and reads conversations from PostgreSQL
#[derive(Debug, Parser)]
#[command(name = "gateway", version)]
struct Serve {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Parser)]
#[command(name = "gateway", version)]
enum Command {
    /// Print openapi.json, the description of the HTTP interface
    Openapi,
    /// Import canned replies
    Canned(CannedCommand),
    /// Erase a player's files, or those that no message names
    Attachments(AttachmentCommand),
    /// Print a token, for development and for operators
    Token(TokenCommand),
    /// Print the hash that stands for a user in the log of requests
    UserHash(UserHashCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Command(Command::Openapi) => print(&openapi::json()?),
        Invocation::Command(Command::Canned(command)) => match command.run().await {
            Ok(report) => print(&report),
            Err(error) => fail(&format!("{error:#}")),
        },
        Invocation::Command(Command::Attachments(command)) => match command.run().await {
            Ok(report) => print(&report),
            Err(error) => fail(&format!("{error:#}")),
        },
        Invocation::Command(Command::Token(command)) => match command.make() {
            Ok(token) => print(&format!("{token}\n")),
            Err(error) => fail(&error),
        },
        Invocation::Command(Command::UserHash(command)) => print(&format!("{}\n", command.hash())),
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    let config = settings.parse().unwrap_or_else(|error| fail(&error));
    let authenticator = Authenticator::new(&config.auth).unwrap_or_else(|error| fail(&error));
    telemetry::init(&config.logs);
    config.broker.warn_of_cleartext();
    config.database.warn_of_cleartext();
    if let Some(replica) = &config.replica {
        replica.database.warn_of_cleartext();
    }
    if matches!(config.auth, AuthConfig::Trusted) {
        tracing::warn!(
            "AUTH_MODE=off: every client that reaches this gateway can read and write as any player \
             or member of the staff; expose it only to a portal that authenticates"
        );
    }
    if let Some(attachments) = &config.attachments {
        attachments.warn();
    }
    let listener = bind(&config.listen)?;
    let metrics_listener = bind(&config.metrics_listen)?;
    let stop = shutdown::on_signal()?;
    tracing::info!(
        listen = %listener.local_addr()?,
        metrics_listen = %metrics_listener.local_addr()?,
        "gateway started"
    );
    let gateway = Gateway::build(config, authenticator, listener, metrics_listener, stop)?;
    gateway.run_until_stopped().await
}

fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))
}

#[expect(clippy::print_stdout, reason = "the output of a command")]
fn print(output: &str) -> anyhow::Result<()> {
    print!("{output}");
    Ok(())
}
