use anyhow::{Context, anyhow};
use diesel::sql_query;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{DatabaseSettings, connection::connect_for_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// Whoever migrates holds this lock of PostgreSQL's. The number means nothing but itself.
const LOCK: i64 = 7_216_530_918_442_671;

/// How long to wait for another who migrates.
const PATIENCE: &str = "5min";

/// Brings the database to the schema of this release and says which migrations that took. Whoever
/// calls it beside others waits for them and finds nothing left to do.
///
/// Needs tokio's multi-threaded runtime.
///
/// # Errors
/// When the database cannot be used, or a migration fails; a migration is done whole or not at all.
pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<Vec<String>> {
    let mut connection =
        connect_for_migrations(settings).await.context("the database cannot be reached")?;
    lock(&mut connection).await.context("another migration does not end")?;
    // The lock ends with the connection.
    let mut harness = AsyncMigrationHarness::new(connection);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow!("a migration failed: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

async fn lock(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    sql_query(format!("SET lock_timeout = '{PATIENCE}'")).execute(connection).await?;
    sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(connection).await?;
    sql_query("RESET lock_timeout").execute(connection).await?;
    Ok(())
}
