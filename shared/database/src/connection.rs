use std::time::Duration;

use diesel::{QueryResult, QueryableByName, sql_query, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio_postgres::{CancelToken, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    DatabaseSettings,
    address::name_of_host,
    pooler::{DIRECT, require_session_settings},
};

/// Why the database cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// PostgreSQL or the network reported an error.
    #[error("{}", with_sources(.0))]
    Refused(#[from] tokio_postgres::Error),
    /// The new connection could not be set up.
    #[error("{0}")]
    Setup(#[from] diesel::ConnectionError),
    /// A statement failed.
    #[error("{0}")]
    Statement(#[from] diesel::result::Error),
    /// The address requires a server that accepts writes, and this one does not any more.
    #[error("the database does not allow writes")]
    ReadOnly,
    /// None of several hosts can be used, for these reasons.
    #[error("{0}")]
    NoHost(String),
    /// A pooler in between cannot be used, for this reason.
    #[error("{0}")]
    Pooler(String),
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
    connect_with(settings, &[]).await
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
    let further = [("random_page_cost", "1.1"), ("max_parallel_workers_per_gather", "0")];
    connect_with(settings, &further).await
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
    let lock_timeout = (settings.database_timeout / 5).as_millis().max(1).to_string();
    let further = [
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
        ("lock_timeout", &lock_timeout),
    ];
    connect_with(settings, &further).await
}

/// Connects with PostgreSQL's settings `further`, and those of every connection.
async fn connect_with(
    settings: &DatabaseSettings,
    further: &[(&str, &str)],
) -> Result<AsyncPgConnection, Unavailable> {
    let timeout = settings.database_timeout.as_millis().to_string();
    let of_all = [
        ("synchronous_commit", "on"),
        ("statement_timeout", &timeout),
        ("idle_in_transaction_session_timeout", &timeout),
    ];
    let session_settings = [further, &of_all].concat();
    let mut connection = open(settings, &session_settings).await?;
    let limit = settings.database_timeout;
    let checked = require_session_settings(&mut connection, &session_settings);
    tokio::time::timeout(limit, checked).await.map_err(|_| Unavailable::TimedOut(limit))??;
    Ok(connection)
}

/// Checks that the database answers. Only the connection's own time limit applies.
///
/// # Errors
/// When it does not answer.
pub async fn probe(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT 1").execute(connection).await.map(drop)
}

/// Checks that the database answers, and that it still accepts writes if the address of `settings`
/// requires that. Only the connection's own time limit applies.
///
/// # Errors
/// When it does not.
pub async fn probe_server(
    connection: &mut AsyncPgConnection,
    settings: &DatabaseSettings,
) -> Result<(), Unavailable> {
    #[derive(QueryableByName)]
    struct Session {
        #[diesel(sql_type = Bool)]
        is_read_only: bool,
    }
    if !settings.address().map_err(Unavailable::Address)?.requires_writes() {
        return Ok(probe(connection).await?);
    }
    let query = "SELECT current_setting('transaction_read_only') = 'on' AS is_read_only";
    let session: Session = sql_query(query).get_result(connection).await?;
    if session.is_read_only { Err(Unavailable::ReadOnly) } else { Ok(()) }
}

/// Asks PostgreSQL to cancel the current statement of the connection of `token`. The statement may
/// finish before PostgreSQL cancels it.
///
/// # Errors
/// When PostgreSQL cannot be reached.
pub async fn cancel(token: CancelToken, settings: &DatabaseSettings) -> Result<(), Unavailable> {
    let timeout = settings.database_timeout;
    let is_encrypted = settings.address().map_err(Unavailable::Address)?.is_encrypted();
    let cancelled = async {
        if is_encrypted {
            let tls = MakeRustlsConnect::new((*settings.tls.client()).clone());
            token.cancel_query(tls).await
        } else {
            token.cancel_query(NoTls).await
        }
    };
    let cancelled = tokio::time::timeout(timeout, cancelled).await;
    Ok(cancelled.map_err(|_| Unavailable::TimedOut(timeout))??)
}

/// Connects without a statement timeout.
pub(crate) async fn connect_for_migrations(
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    open(settings, &[]).await
}

/// Connects to the first host that can be used, with PostgreSQL's settings `session_settings`. Each
/// host has an equal share of the timeout: one that hangs leaves enough for the others.
async fn open(
    settings: &DatabaseSettings,
    session_settings: &[(&str, &str)],
) -> Result<AsyncPgConnection, Unavailable> {
    let hosts = settings.address().map_err(Unavailable::Address)?.in_order();
    let count = u32::try_from(hosts.len()).unwrap_or(u32::MAX).max(1);
    let share = settings.database_timeout / count;
    let mut failures = Vec::new();
    for mut config in hosts {
        let own = config.get_options().map(ToOwned::to_owned);
        let ours = session_settings.iter().chain([&DIRECT]);
        let ours = ours.map(|(name, value)| format!("-c {name}={value}"));
        let options: Vec<_> = own.into_iter().chain(ours).collect();
        config.options(options.join(" "));
        let opened = tokio::time::timeout(share, open_host(&config, settings)).await;
        match opened.unwrap_or(Err(Unavailable::TimedOut(share))) {
            Ok(connection) => return Ok(connection),
            Err(failure) if count == 1 => return Err(failure),
            Err(failure) => failures.push(format!("{}: {failure}", name_of_host(&config))),
        }
    }
    Err(Unavailable::NoHost(failures.join("; ")))
}

async fn open_host(
    config: &Config,
    settings: &DatabaseSettings,
) -> Result<AsyncPgConnection, Unavailable> {
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await?;
        return Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?);
    }
    let tls = MakeRustlsConnect::new((*settings.tls.client()).clone());
    let (client, connection) = config.connect(tls).await?;
    Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
}

/// The error with its source, which tokio-postgres leaves out of `Display`.
fn with_sources(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
