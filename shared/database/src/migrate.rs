use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use service::backoff;
use tokio::time::Instant;

use crate::{DatabaseSettings, connection::connect_for_migrations, require_own_session};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Key of the advisory lock that is held during a migration, an arbitrary number.
const LOCK: i64 = 7_216_530_918_442_671;

/// How long to wait for another migration, and for the lock of a table.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long one attempt waits for the lock of a table. All other statements on that table wait
/// behind it.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// Migrates the database to the schema of this release, and returns the versions of the applied
/// migrations. A concurrent call waits for the first and then applies none.
///
/// A migration that waits for a table's lock gives up after half a second, so that the statements
/// behind it continue, and tries again, for up to five minutes. Needs tokio's multi-threaded
/// runtime.
///
/// # Errors
/// When the database cannot be used, is behind a pooler or is not encoded in UTF-8, or a migration
/// fails. A failed migration has changed nothing, unless it runs without a transaction.
pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<Vec<String>> {
    let mut connection =
        connect_for_migrations(settings).await.context("the database cannot be reached")?;
    let encoding = encoding(&mut connection).await.context("cannot read the encoding")?;
    ensure!(
        encoding == "UTF8",
        "the database's encoding is {encoding}, and must be UTF8: create the database with \
         ENCODING 'UTF8' TEMPLATE template0"
    );
    require_own_session(&mut connection).await?;
    lock(&mut connection).await.context("another migration is still running")?;
    become_owner(&mut connection).await.context("cannot act as the owner of the tables")?;
    drop_invalid_indexes(&mut connection).await.context("cannot drop an invalid index")?;
    // The lock ends with the connection.
    let mut harness = AsyncMigrationHarness::new(connection);
    let mut applied = Vec::new();
    let mut waits = backoff::waits();
    let mut deadline = Instant::now() + TIMEOUT;
    while let Some(timeout) = lock_timeout_of_next(&mut harness)? {
        let mut connection = harness.into_inner();
        set_lock_timeout(&mut connection, timeout).await?;
        harness = AsyncMigrationHarness::new(connection);
        match harness.run_next_migration(MIGRATIONS).map_err(|error| error.to_string()) {
            Ok(version) => {
                applied.push(version.to_string());
                waits = backoff::waits();
                deadline = Instant::now() + TIMEOUT;
            }
            Err(error) if error.contains("lock timeout") && Instant::now() < deadline => {
                tokio::time::sleep(waits.next().unwrap_or_default()).await;
            }
            Err(error) => bail!("a migration failed: {error}"),
        }
    }
    Ok(applied)
}

/// Fails if the database has not the schema of this release.
pub(crate) async fn ensure_migrated(
    connection: AsyncPgConnection,
) -> anyhow::Result<AsyncPgConnection> {
    let mut harness = AsyncMigrationHarness::new(connection);
    let next = lock_timeout_of_next(&mut harness)?;
    ensure!(next.is_none(), "the database has an older schema: run `persister migrate` first");
    Ok(harness.into_inner())
}

/// The lock timeout of the next migration, or `None` when all are applied.
fn lock_timeout_of_next(
    harness: &mut AsyncMigrationHarness<AsyncPgConnection>,
) -> anyhow::Result<Option<Duration>> {
    let pending = harness
        .pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow!("cannot read the applied migrations: {error}"))?;
    Ok(pending.into_iter().next().map(|next| match next.metadata().run_in_transaction() {
        true => LOCK_TIMEOUT,
        // It creates an index CONCURRENTLY, behind which no statement waits.
        false => Duration::ZERO,
    }))
}

async fn encoding(connection: &mut AsyncPgConnection) -> diesel::QueryResult<String> {
    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = Text)]
        value: String,
    }
    let encoding = sql_query("SELECT current_setting('server_encoding') AS value");
    Ok(encoding.get_result::<Setting>(connection).await?.value)
}

/// Sets the role to the owner of the existing tables, if the user is a member of it, so that new
/// tables have the same owner.
async fn become_owner(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    let owner = "SELECT set_config('role', pg_get_userbyid(relowner)::text, false) FROM pg_class
         WHERE oid = to_regclass('chat_conversations')
             AND pg_get_userbyid(relowner) <> current_user
             AND pg_has_role(current_user, relowner, 'MEMBER')";
    sql_query(owner).execute(connection).await.map(drop)
}

/// Drops the indexes that an interrupted `CREATE INDEX CONCURRENTLY` left behind, so that their
/// migration creates them again.
async fn drop_invalid_indexes(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    #[derive(QueryableByName)]
    struct Index {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let invalid: Vec<Index> = sql_query(
        "SELECT i.indexrelid::regclass::text AS name
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace
             AND c.relname LIKE 'chat\\_%'",
    )
    .load(connection)
    .await?;
    for Index { name } in invalid {
        sql_query(format!("DROP INDEX CONCURRENTLY {name}")).execute(connection).await?;
    }
    Ok(())
}

/// Polls for the lock. A statement that waits for it would hold a snapshot, and `CREATE INDEX
/// CONCURRENTLY` of the migration that has the lock would wait for the end of that snapshot: a
/// deadlock.
async fn lock(connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Attempt {
        #[diesel(sql_type = Bool)]
        is_locked: bool,
    }
    let deadline = Instant::now() + TIMEOUT;
    let mut waits = backoff::waits();
    loop {
        let attempt = sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_locked"));
        if attempt.get_result::<Attempt>(connection).await?.is_locked {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "it has held the lock for more than {TIMEOUT:?}");
        tokio::time::sleep(waits.next().unwrap_or_default()).await;
    }
}

async fn set_lock_timeout(
    connection: &mut AsyncPgConnection,
    timeout: Duration,
) -> diesel::QueryResult<()> {
    let set = format!("SET lock_timeout = {}", timeout.as_millis());
    sql_query(set).execute(connection).await.map(drop)
}
