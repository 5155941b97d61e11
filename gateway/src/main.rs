//! The gateway's process.

use std::net::TcpListener;

use anyhow::Context;
use clap::Parser;
use gateway::{
    auth::{AuthMode, Authenticator, TokenCommand},
    openapi,
    settings::Settings,
    startup,
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
    /// Print the description of the HTTP interface, as openapi.json holds it
    Openapi,
    /// Print a token, for development and for operators
    Token(TokenCommand),
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    shutdown::run_program(run())?
}

async fn run() -> anyhow::Result<()> {
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Command(Command::Openapi) => print(&openapi::json()?),
        Invocation::Command(Command::Token(command)) => match command.make() {
            Ok(token) => print(&format!("{token}\n")),
            Err(complaint) => fail(&complaint),
        },
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(complaint) = settings.check() {
        fail(&complaint);
    }
    let authenticator =
        Authenticator::from_settings(&settings.auth).unwrap_or_else(|complaint| fail(&complaint));
    telemetry::init(&settings.logs);
    settings.broker.warn_of_cleartext();
    settings.database.warn_of_cleartext();
    if settings.auth.auth_mode == AuthMode::Off {
        tracing::warn!(
            "AUTH_MODE=off: whoever reaches this gateway can read and write as anybody; only a \
             portal that authenticates may stand in front of it"
        );
    }
    let listener = bind(&settings.gateway_listen)?;
    let metrics_listener = bind(&settings.gateway_metrics_listen)?;
    let stop = shutdown::on_signal()?;
    tracing::info!(
        listen = %listener.local_addr()?,
        metrics_listen = %metrics_listener.local_addr()?,
        "gateway started"
    );
    startup::run(settings, authenticator, listener, metrics_listener, stop).await
}

fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))
}

#[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
fn print(answer: &str) -> anyhow::Result<()> {
    print!("{answer}");
    Ok(())
}
