//! The program `local-pusher`; see `local-pusher --help`.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context;
use clap::Parser;
use local_pusher::{Server, Settings};
use service::{settings, shutdown, telemetry};

/// A Pusher Channels server for development and tests, which injects faults on request. For
/// production use hosted Pusher or a sockudo cluster.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// The address on which it listens
    #[arg(
        long,
        env = "LOCAL_PUSHER_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:6001"
    )]
    listen: SocketAddr,

    #[command(flatten)]
    server: Settings,

    #[command(flatten)]
    logs: telemetry::LogSettings,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options: Options = settings::parse();
    telemetry::init(&options.logs);
    let stop = shutdown::on_signal().context("cannot handle signals")?;
    let listener = TcpListener::bind(options.listen)
        .unwrap_or_else(|error| settings::fail(&format!("--listen {}: {error}", options.listen)));
    let server = Server::start(options.server, listener)?;
    tracing::info!(address = %server.addr(), "local-pusher is ready");
    stop.cancelled().await;
    server.stop().await.context("the server failed")
}
