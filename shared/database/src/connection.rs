use std::time::Duration;

use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio_postgres::{CancelToken, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::DatabaseSettings;

/// Why there is no connection to the database at the moment.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// PostgreSQL or the network said so.
    #[error("{}", with_sources(.0))]
    Refused(#[from] tokio_postgres::Error),
    /// The new connection could not be set up.
    #[error("{0}")]
    Setup(#[from] diesel::ConnectionError),
    /// PostgreSQL said nothing for this long.
    #[error("PostgreSQL did not answer within {0:?}")]
    TimedOut(Duration),
    /// The address is not one.
    #[error("{0}")]
    Address(String),
}

/// Connects. PostgreSQL itself gives up a statement of this connection that takes longer than the
/// settings' timeout, so that nothing goes on there that nobody waits for; and it says that a
/// transaction is committed when it is on disk, whatever the database's own setting says.
///
/// # Errors
/// When the database cannot be used at the moment.
pub async fn connect(settings: &DatabaseSettings) -> Result<AsyncPgConnection, Unavailable> {
    connect_with(settings, "").await
}

/// Connects in the same way, for statements that are sent again and again while the tables grow:
/// PostgreSQL plans each anew. A plan that it keeps from when a table was nearly empty reads all of
/// the table until it next looks how large that has become, which takes a minute. A statement waits for
/// another transaction's lock for a fifth of the settings' timeout at most.
///
/// # Errors
/// Those of [`connect`].
pub async fn connect_to_write(
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    let lock_timeout = (settings.database_timeout / 5).as_millis().max(1);
    let further = format!("-c plan_cache_mode=force_custom_plan -c lock_timeout={lock_timeout}");
    connect_with(settings, &further).await
}

async fn connect_with(
    settings: &DatabaseSettings,
    further: &str,
) -> Result<AsyncPgConnection, Unavailable> {
    let timeout = settings.database_timeout;
    let mut config = settings.parsed().map_err(Unavailable::Address)?;
    let options = format!(
        "{} {further} -c synchronous_commit=on -c statement_timeout={milliseconds} \
         -c idle_in_transaction_session_timeout={milliseconds}",
        config.get_options().unwrap_or_default(),
        milliseconds = timeout.as_millis(),
    );
    config.options(options);
    open(config, settings).await
}

/// Asks the database for a sign of life. There is no time limit on it but the connection's own.
///
/// # Errors
/// When there is none.
pub async fn probe(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT 1").execute(connection).await.map(drop)
}

/// Has PostgreSQL give up what it does for the connection that `token` is of. It may not get to it before
/// that is done.
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

/// Connects for as long as a statement may take.
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

/// The error with what lies beneath it, which tokio-postgres leaves out of its own words.
fn with_sources(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
