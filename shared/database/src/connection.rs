use std::time::Duration;

use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio_postgres::{CancelToken, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::DatabaseSettings;

/// Why the database cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// PostgreSQL or the network reported an error.
    #[error("{}", with_sources(.0))]
    Refused(#[from] tokio_postgres::Error),
    /// The new connection could not be set up.
    #[error("{0}")]
    Setup(#[from] diesel::ConnectionError),
    /// PostgreSQL did not answer within this time.
    #[error("PostgreSQL did not answer within {0:?}")]
    TimedOut(Duration),
    /// The address is invalid.
    #[error("{0}")]
    Address(String),
}

/// Connects. PostgreSQL cancels a statement of this connection after the settings' timeout, so that
/// no statement runs on after its caller gave up. A commit is confirmed once it is on disk,
/// whatever the database's own `synchronous_commit` is.
///
/// # Errors
/// When the database cannot be used.
pub async fn connect(settings: &DatabaseSettings) -> Result<AsyncPgConnection, Unavailable> {
    connect_with(settings, "").await
}

/// Connects like [`connect`], for pages that people read. PostgreSQL plans them for a database whose
/// indexes are in memory, and with one process each: the inbox's open conversations are few among
/// many, and with PostgreSQL's own settings it reads the whole table with all its processes.
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_to_read(
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    let options = "-c random_page_cost=1.1 -c max_parallel_workers_per_gather=0";
    connect_with(settings, options).await
}

/// Connects like [`connect`], for statements that find rows by their keys and are repeated while the
/// tables grow. PostgreSQL plans them with indexes and nested loops alone, and keeps a plan from the
/// sixth execution on: any other plan from the time when a table was nearly empty would soon read
/// the whole of it. A statement waits for a lock for at most a fifth of the settings' timeout.
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_to_write(
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    let lock_timeout = (settings.database_timeout / 5).as_millis().max(1);
    let options = format!(
        "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off \
         -c lock_timeout={lock_timeout}"
    );
    connect_with(settings, &options).await
}

async fn connect_with(
    settings: &DatabaseSettings,
    options: &str,
) -> Result<AsyncPgConnection, Unavailable> {
    let timeout = settings.database_timeout;
    let mut config = settings.parsed().map_err(Unavailable::Address)?;
    let options = format!(
        "{} {options} -c synchronous_commit=on -c statement_timeout={milliseconds} \
         -c idle_in_transaction_session_timeout={milliseconds}",
        config.get_options().unwrap_or_default(),
        milliseconds = timeout.as_millis(),
    );
    config.options(options);
    open(config, settings).await
}

/// Checks that the database answers. Only the connection's own time limit applies.
///
/// # Errors
/// When it does not answer.
pub async fn probe(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT 1").execute(connection).await.map(drop)
}

/// Asks PostgreSQL to cancel the current statement of the connection of `token`. The statement may
/// finish before PostgreSQL cancels it.
///
/// # Errors
/// When PostgreSQL cannot be reached.
pub async fn cancel(token: CancelToken, settings: &DatabaseSettings) -> Result<(), Unavailable> {
    let timeout = settings.database_timeout;
    let mode = settings.parsed().map_err(Unavailable::Address)?.get_ssl_mode();
    let cancelled = async {
        match mode {
            SslMode::Disable => token.cancel_query(NoTls).await,
            _ => {
                let tls = MakeRustlsConnect::new((*settings.tls.client()).clone());
                token.cancel_query(tls).await
            }
        }
    };
    let cancelled = tokio::time::timeout(timeout, cancelled).await;
    Ok(cancelled.map_err(|_| Unavailable::TimedOut(timeout))??)
}

/// Connects without a statement timeout.
pub(crate) async fn connect_for_migrations(
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    open(settings.parsed().map_err(Unavailable::Address)?, settings).await
}

async fn open(
    config: tokio_postgres::Config,
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    let timeout = settings.database_timeout;
    let connected = async {
        if config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = config.connect(NoTls).await?;
            return Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?);
        }
        let tls = MakeRustlsConnect::new((*settings.tls.client()).clone());
        let (client, connection) = config.connect(tls).await?;
        Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
    };
    tokio::time::timeout(timeout, connected).await.map_err(|_| Unavailable::TimedOut(timeout))?
}

/// The error with its source, which tokio-postgres leaves out of `Display`.
fn with_sources(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
