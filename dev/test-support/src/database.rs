use ::database::{DatabaseSettings, connect, migrate};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::{servers::database_url, settings};

/// A test's own database.
pub struct Database {
    /// The superuser's URL, for the test itself.
    pub url: String,
}

/// The user of a process. `stack exec` creates these users with the superuser's password.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Owns the tables and migrates.
    Owner,
    /// Writes to the tables: the persister.
    Writer,
    /// Reads the tables: the gateway.
    Reader,
}

impl Role {
    /// `url` with this role's user instead of the superuser.
    pub fn url(self, url: &str) -> String {
        let user = match self {
            Self::Owner => "chat_owner",
            Self::Writer => "chat_writer",
            Self::Reader => "chat_reader",
        };
        let (scheme, rest) = url.split_once("://").unwrap();
        let (_, password_and_server) = rest.split_once(':').unwrap();
        format!("{scheme}://{user}:{password_and_server}")
    }
}

impl Database {
    /// A migrated database without rows.
    pub async fn create() -> Self {
        static CREATED: OnceCell<()> = OnceCell::const_new();
        CREATED.get_or_init(create_template).await;
        Self::empty_with(&format!("TEMPLATE {TEMPLATE}")).await
    }

    /// A database without a schema.
    pub async fn empty() -> Self {
        Self::empty_with("").await
    }

    /// A database without a schema, created with `options` of `CREATE DATABASE`.
    pub async fn empty_with(options: &str) -> Self {
        let server = database_url();
        let (address, _) = server.rsplit_once('/').unwrap();
        let database = Self { url: format!("{address}/test_{}", Uuid::now_v7().simple()) };
        database.maintain("CREATE DATABASE", options).await;
        database
    }

    /// Creates the database again, without a schema.
    pub async fn make(&self) {
        self.maintain("CREATE DATABASE", "").await;
    }

    /// Drops the database and closes all connections to it.
    pub async fn lose(&self) {
        self.maintain("DROP DATABASE", "WITH (FORCE)").await;
    }

    async fn maintain(&self, before: &str, after: &str) {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let mut maintenance = connect(&at(&database_url())).await.unwrap();
        // A template is copied, and dropping a database flushes all others, which takes long on a busy disk.
        sql_query("SET statement_timeout = '5min'").execute(&mut maintenance).await.unwrap();
        sql_query(format!("{before} {name} {after}")).execute(&mut maintenance).await.unwrap();
    }

    /// Its host and port.
    pub fn server(&self) -> String {
        let (_, rest) = self.url.rsplit_once('@').unwrap();
        rest.split('/').next().unwrap().to_owned()
    }

    /// The database's URL with another server address, such as a proxy's.
    pub fn url_through(&self, addr: impl std::fmt::Display) -> String {
        self.url.replace(&self.server(), &addr.to_string())
    }

    /// The superuser's settings.
    pub fn settings(&self) -> DatabaseSettings {
        at(&self.url)
    }

    /// The settings of `role`.
    pub fn settings_as(&self, role: Role) -> DatabaseSettings {
        at(&role.url(&self.url))
    }

    /// A connection as `role`.
    pub async fn connect_as(&self, role: Role) -> AsyncPgConnection {
        connect(&self.settings_as(role)).await.unwrap()
    }

    /// A connection as superuser.
    pub async fn connect(&self) -> AsyncPgConnection {
        connect(&self.settings()).await.unwrap()
    }

    /// Locks `table` against writes until the returned connection is dropped.
    pub async fn lock(&self, table: &str) -> AsyncPgConnection {
        self.lock_in(table, "SHARE").await
    }

    /// Locks `table` against reads and writes until the returned connection is dropped.
    pub async fn lock_from_readers(&self, table: &str) -> AsyncPgConnection {
        self.lock_in(table, "ACCESS EXCLUSIVE").await
    }

    async fn lock_in(&self, table: &str, mode: &str) -> AsyncPgConnection {
        let mut connection = self.connect().await;
        sql_query("BEGIN").execute(&mut connection).await.unwrap();
        sql_query("SET idle_in_transaction_session_timeout = 0")
            .execute(&mut connection)
            .await
            .unwrap();
        let lock = format!("LOCK TABLE {table} IN {mode} MODE");
        sql_query(lock).execute(&mut connection).await.unwrap();
        connection
    }

    /// Runs `statement`.
    pub async fn run(&self, statement: &str) {
        sql_query(statement).execute(&mut self.connect().await).await.unwrap();
    }

    /// The number of messages.
    pub async fn count_messages(&self) -> i64 {
        self.number("SELECT count(*) FROM chat_messages").await
    }

    /// The number of sessions.
    pub async fn count_sessions(&self) -> i64 {
        self.number("SELECT count(*) FROM chat_sessions").await
    }

    /// The number of conversations.
    pub async fn count_conversations(&self) -> i64 {
        self.number("SELECT count(*) FROM chat_conversations").await
    }

    /// The result of `query`, which selects one number.
    pub async fn number(&self, query: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let query = sql_query(format!("SELECT ({query})::bigint AS number"));
        query.get_result::<Number>(&mut self.connect().await).await.unwrap().number
    }

    /// The rows of `query`, whose one column is called `text`.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            text: String,
        }
        let rows = sql_query(query).load::<Row>(&mut self.connect().await).await.unwrap();
        rows.into_iter().map(|row| row.text).collect()
    }
}

fn at(url: &str) -> DatabaseSettings {
    // Long, as many tests share the machine.
    settings(["--database-url", url, "--database-timeout=60s"])
}

/// The name of the database that [`Database::create`] copies.
const TEMPLATE: &str = "migrated";

/// Creates and migrates the template, whose copy takes a fraction of the time of a migration. All test programs use
/// one server; the first of them creates the template.
async fn create_template() {
    let server = Database { url: database_url() };
    let mut lock = server.connect().await;
    sql_query("SELECT pg_advisory_lock(1)").execute(&mut lock).await.unwrap();
    let existing = format!("SELECT count(*) FROM pg_database WHERE datname = '{TEMPLATE}'");
    if server.number(&existing).await == 0 {
        let unfinished = Database::empty().await;
        migrate(&unfinished.settings_as(Role::Owner)).await.unwrap();
        unfinished.maintain("ALTER DATABASE", &format!("RENAME TO {TEMPLATE}")).await;
    }
}
