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

use crate::{DatabaseSettings, connection::connect_for_migrations};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The advisory lock that is held while the database is migrated. The number has no meaning.
const LOCK: i64 = 7_216_530_918_442_671;

/// How long to wait for another migration, and for the locks of a table.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How long a migration waits for a lock at a time. All other statements on that table wait behind it.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// Brings the database to the schema of this release and says which migrations that took. A second call
/// at the same time waits for the first and finds nothing left to do.
///
/// A migration that meets a lock gives up after half a second, lets the statements behind it go on, and
/// tries again, for five minutes. Needs tokio's multi-threaded runtime.
///
/// # Errors
/// When the database cannot be used or is not encoded in UTF-8, or a migration fails; a migration is done
/// whole or not at all.
pub async fn migrate(settings: &DatabaseSettings) -> anyhow::Result<Vec<String>> {
    let mut connection =
        connect_for_migrations(settings).await.context("the database cannot be reached")?;
    let encoding = encoding(&mut connection).await.context("the encoding cannot be read")?;
    ensure!(
        encoding == "UTF8",
        "the database's encoding is {encoding}, and must be UTF8 to hold what people write: create it \
         with ENCODING 'UTF8' TEMPLATE template0"
    );
    lock(&mut connection).await.context("another migration does not end")?;
    become_owner(&mut connection).await.context("the tables' owner cannot be acted as")?;
    // The lock ends with the connection.
    let mut harness = AsyncMigrationHarness::new(connection);
    let mut applied = Vec::new();
    let mut waits = backoff::waits();
    let mut deadline = Instant::now() + PATIENCE;
    while let Some(timeout) = lock_timeout_of_next(&mut harness)? {
        let mut connection = harness.into_inner();
        set_lock_timeout(&mut connection, timeout).await?;
        harness = AsyncMigrationHarness::new(connection);
        match harness.run_next_migration(MIGRATIONS).map_err(|error| error.to_string()) {
            Ok(version) => {
                applied.push(version.to_string());
                waits = backoff::waits();
                deadline = Instant::now() + PATIENCE;
            }
            Err(error) if error.contains("lock timeout") && Instant::now() < deadline => {
                tokio::time::sleep(waits.next().unwrap_or_default()).await;
            }
            Err(error) => bail!("a migration failed: {error}"),
        }
    }
    Ok(applied)
}

/// How long the next migration may wait for a lock at a time, if there is one.
fn lock_timeout_of_next(
    harness: &mut AsyncMigrationHarness<AsyncPgConnection>,
) -> anyhow::Result<Option<Duration>> {
    let pending = harness
        .pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow!("the migrations that are done cannot be read: {error}"))?;
    Ok(pending.into_iter().next().map(|next| match next.metadata().run_in_transaction() {
        true => LOCK_TIMEOUT,
        // It makes an index CONCURRENTLY, behind which nothing waits.
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

/// Acts as the role that owns the tables, if there are any and the user is a member of it, so that what
/// a migration makes has the same owner.
async fn become_owner(connection: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    let owner = "SELECT set_config('role', pg_get_userbyid(relowner)::text, false) FROM pg_class
         WHERE oid = to_regclass('chat_conversations')
             AND pg_get_userbyid(relowner) <> current_user
             AND pg_has_role(current_user, relowner, 'MEMBER')";
    sql_query(owner).execute(connection).await.map(drop)
}

/// Asks for the lock again and again. A statement that waits for it would hold a snapshot, for whose end
/// `CREATE INDEX CONCURRENTLY` of the migration that has the lock waits: a deadlock.
async fn lock(connection: &mut AsyncPgConnection) -> anyhow::Result<()> {
    #[derive(QueryableByName)]
    struct Attempt {
        #[diesel(sql_type = Bool)]
        is_locked: bool,
    }
    let deadline = Instant::now() + PATIENCE;
    let mut waits = backoff::waits();
    loop {
        let attempt = sql_query(format!("SELECT pg_try_advisory_lock({LOCK}) AS is_locked"));
        if attempt.get_result::<Attempt>(connection).await?.is_locked {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "it holds the lock for more than {PATIENCE:?}");
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
