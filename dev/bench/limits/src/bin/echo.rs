//! The cost of HTTP: parses and validates a send as the gateway does, and answers 202.

use actix_web::{App, HttpResponse, HttpServer, web};
use bench_limits::{Listen, SendRequest, accepted};
use clap::Parser;

/// Answers each valid send with 202, and discards it
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    listen: Listen,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = Options::parse().listen.bind()?;
    let server = HttpServer::new(|| {
        App::new().route("/api/staff-chat-integration/send", web::post().to(send))
    });
    Ok(server.listen(listener)?.run().await?)
}

async fn send(request: web::Json<SendRequest>) -> HttpResponse {
    let message = request.into_inner().into_message();
    accepted(message.message_id, message.accepted_at)
}
