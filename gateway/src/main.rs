//! The gateway's process.

use std::net::TcpListener;

use anyhow::Context;
use clap::Parser;
use gateway::{
    openapi,
    settings::{AuthMode, Settings},
    startup,
};
use shared::service::{
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
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    install_crypto();
    match parse_invocation::<Serve, Command>() {
        Invocation::Serve(Serve { settings }) => serve(settings).await,
        Invocation::Do(Command::Openapi) => print_openapi(),
    }
}

async fn serve(settings: Settings) -> anyhow::Result<()> {
    if let Err(complaint) = settings.check() {
        fail(&complaint);
    }
    telemetry::init(&settings.logs);
    match settings.auth_mode {
        AuthMode::Off => tracing::warn!(
            "AUTH_MODE=off: whoever reaches this gateway can read and write as anybody; only a \
             portal that authenticates may stand in front of it"
        ),
    }
    let listen = &settings.gateway_listen;
    let listener =
        TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let stop = shutdown::on_signal()?;
    tracing::info!(listen = %listener.local_addr()?, "gateway started");
    startup::run(settings, listener, stop).await
}

#[expect(clippy::print_stdout, reason = "the answer to a command of an operator")]
fn print_openapi() -> anyhow::Result<()> {
    print!("{}", openapi::json()?);
    Ok(())
}
