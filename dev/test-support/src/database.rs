use ::database::{DatabaseSettings, connect, migrate};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::{servers::database_url, settings};

/// A database of one test's own.
pub struct Database {
    /// Its address, as a superuser, whom only the test itself is.
    pub url: String,
}

/// As whom a process uses the database: users that `stack exec` makes, with the superuser's password.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// Owns the tables; migrations run as this user.
    Owner,
    /// Writes to the tables; the persister's.
    Writer,
    /// Reads the tables; the gateway's.
    Reader,
}

impl Role {
    /// `url` with this role's user in place of the superuser.
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
    /// A database with the release's schema and nothing in it.
    pub async fn create() -> Self {
        let database = Self::empty().await;
        migrate(&database.settings_as(Role::Owner)).await.unwrap();
        database
    }

    /// A database without a schema.
    pub async fn empty() -> Self {
        Self::empty_with("").await
    }

    /// A database without a schema, made with `options` of `CREATE DATABASE`.
    pub async fn empty_with(options: &str) -> Self {
        let server = database_url();
        let (address, _) = server.rsplit_once('/').unwrap();
        let database = Self { url: format!("{address}/test_{}", Uuid::now_v7().simple()) };
        database.maintain("CREATE DATABASE", options).await;
        database
    }

    /// Makes it, without a schema, where it is not or no longer.
    pub async fn make(&self) {
        self.maintain("CREATE DATABASE", "").await;
    }

    /// Loses it with all that is in it, whoever is connected.
    pub async fn lose(&self) {
        self.maintain("DROP DATABASE", "WITH (FORCE)").await;
    }

    async fn maintain(&self, before: &str, after: &str) {
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let mut maintenance = connect(&at(&database_url())).await.unwrap();
        sql_query(format!("{before} {name} {after}")).execute(&mut maintenance).await.unwrap();
    }

    /// Its host and port.
    pub fn server(&self) -> String {
        let (_, rest) = self.url.rsplit_once('@').unwrap();
        rest.split('/').next().unwrap().to_owned()
    }

    /// The same database through another server address.
    pub fn url_through(&self, addr: impl std::fmt::Display) -> String {
        self.url.replace(&self.server(), &addr.to_string())
    }

    /// How to reach it.
    pub fn settings(&self) -> DatabaseSettings {
        at(&self.url)
    }

    /// How to reach it as `role`.
    pub fn settings_as(&self, role: Role) -> DatabaseSettings {
        at(&role.url(&self.url))
    }

    /// A connection to it as `role`.
    pub async fn connect_as(&self, role: Role) -> AsyncPgConnection {
        connect(&self.settings_as(role)).await.unwrap()
    }

    /// A connection to it.
    pub async fn connect(&self) -> AsyncPgConnection {
        connect(&self.settings()).await.unwrap()
    }

    /// Holds a lock on `table`, which nobody can write to until what is returned is dropped.
    pub async fn lock(&self, table: &str) -> AsyncPgConnection {
        self.lock_in(table, "SHARE").await
    }

    /// The same, and nobody can read from it either.
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

    /// The number that `expression`, such as `SELECT count(*) FROM …`, gives.
    pub async fn number(&self, expression: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let query = sql_query(format!("SELECT ({expression})::bigint AS number"));
        query.get_result::<Number>(&mut self.connect().await).await.unwrap().number
    }

    /// The texts that `query`, which names its one column `text`, gives.
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
    // What a test does by itself is done on a machine that does much else.
    settings(["--database-url", url, "--database-timeout=60s"])
}
