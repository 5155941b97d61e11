//! The cost of a page of history: the gateway's two queries, and the same answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};
use bench_limits::{Database, HistoryPage, Listen, Pages, parse_cursor};
use chat::PlayerId;
use chrono::DateTime;
use clap::Parser;
use serde::Deserialize;
use uuid::Uuid;

/// Serves pages of conversations: the newest, or those before a cursor
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    listen: Listen,

    #[command(flatten)]
    database: Database,

    /// Connections to the database
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value_t = 10, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,
}

/// Connections, used in turn.
struct Pool {
    connections: Vec<Pages>,
    next: AtomicUsize,
}

#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(default = "default_limit")]
    limit: u8,
    before: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(Pages::prepare(options.database.connect().await?).await?);
    }
    let pool = web::Data::new(Pool { connections, next: AtomicUsize::new(0) });
    let listener = options.listen.bind()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(pool.clone())
            .route("/api/unified-chat/conversations/{playerId}", web::get().to(conversation))
    });
    Ok(server.listen(listener)?.run().await?)
}

async fn conversation(
    pool: web::Data<Pool>,
    player: web::Path<PlayerId>,
    parameters: web::Query<Parameters>,
) -> HttpResponse {
    match pool.read(&player, &parameters).await {
        Ok(page) => HttpResponse::Ok().json(page),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

impl Pool {
    async fn read(
        &self,
        player: &PlayerId,
        parameters: &Parameters,
    ) -> anyhow::Result<HistoryPage> {
        let before = match &parameters.before {
            Some(cursor) => parse_cursor(cursor)?,
            None => (DateTime::from_timestamp_nanos(i64::MAX), Uuid::max()),
        };
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let pages = self.connections.get(index).ok_or_else(|| anyhow::anyhow!("no connection"))?;
        pages.before(player.as_str().to_owned(), before, parameters.limit.into()).await
    }
}

fn default_limit() -> u8 {
    50
}
