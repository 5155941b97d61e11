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
    become_owner(&mut connection).await.context("the tables' owner cannot be acted as")?;
    // The lock ends with the connection.
    let mut harness = AsyncMigrationHarness::new(connection);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow!("a migration failed: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

/// Acts as the role that owns the tables, if there are any and the user is a member of it, so that what
/// a migration makes has the same owner.
async fn become_owner(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    let owner = "SELECT set_config('role', pg_get_userbyid(relowner)::text, false) FROM pg_class
         WHERE oid = to_regclass('chat_conversations')
             AND pg_get_userbyid(relowner) <> current_user
             AND pg_has_role(current_user, relowner, 'MEMBER')";
    sql_query(owner).execute(connection).await.map(drop)
}

async fn lock(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    sql_query(format!("SET lock_timeout = '{PATIENCE}'")).execute(connection).await?;
    sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(connection).await?;
    sql_query("RESET lock_timeout").execute(connection).await?;
    Ok(())
}
