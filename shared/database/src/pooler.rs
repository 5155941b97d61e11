//! A pooler between a service and PostgreSQL, such as PgBouncer.
//!
//! In transaction mode it gives each transaction another session of PostgreSQL. Settings of a
//! session, prepared statements and advisory locks then belong to another client a moment later.

use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{Array, Bool, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::Unavailable;

/// A setting that each connection starts with. A session has it only if PostgreSQL received the
/// settings with which the connection started, which a pooler ignores or refuses.
pub(crate) const DIRECT: (&str, &str) = ("chat.direct", "on");

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
    /// The user, in the database.
    #[diesel(sql_type = Text)]
    role: String,
}

/// Fails if a pooler is between this process and PostgreSQL: an advisory lock would be held by a
/// session that other clients use as well.
///
/// # Errors
/// When there is a pooler, or the database fails.
pub async fn require_own_session(connection: &mut AsyncPgConnection) -> Result<(), Unavailable> {
    if is_direct(connection).await? {
        return Ok(());
    }
    Err(Unavailable::Pooler(
        "this needs an advisory lock, which a pooler such as PgBouncer does not keep: set \
         DATABASE_URL to the address of PostgreSQL itself"
            .to_owned(),
    ))
}

/// Fails if a pooler ignores `session_settings`, with which the connection started, and the user
/// does not have them either; and if it gives prepared statements to sessions that do not have them.
pub(crate) async fn require_session_settings(
    connection: &mut AsyncPgConnection,
    session_settings: &[(&str, &str)],
) -> Result<(), Unavailable> {
    if is_direct(connection).await? {
        return Ok(());
    }
    let missing = missing_settings(connection, session_settings).await?;
    if !missing.is_empty() {
        return Err(Unavailable::Pooler(format!(
            "a pooler ignores the settings of this connection; give them to its user, and close \
             the pooler's connections: {}",
            missing.join("; ")
        )));
    }
    if !manages_statements(connection).await? {
        return Err(Unavailable::Pooler(
            "a pooler does not manage prepared statements: PgBouncer must be 1.21 or later, with \
             max_prepared_statements above 0"
                .to_owned(),
        ));
    }
    Ok(())
}

async fn is_direct(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let (name, value) = DIRECT;
    let query =
        format!("SELECT coalesce(current_setting('{name}', true), '') = '{value}' AS holds");
    let answer: Answer = sql_query(query).get_result(connection).await?;
    Ok(answer.holds)
}

/// The statements that give the user those of `wanted` that the session does not have.
async fn missing_settings(
    connection: &mut AsyncPgConnection,
    wanted: &[(&str, &str)],
) -> QueryResult<Vec<String>> {
    let names: Vec<_> = wanted.iter().map(|(name, _)| *name).collect();
    let settings: Vec<Setting> = sql_query(
        "SELECT name, setting AS value,
             format('%I IN DATABASE %I', current_user, current_database()) AS role
         FROM pg_settings WHERE name = ANY ($1)",
    )
    .bind::<Array<Text>, _>(names)
    .load(connection)
    .await?;
    let missing = wanted.iter().filter_map(|(name, value)| {
        let setting = settings.iter().find(|setting| setting.name == *name)?;
        let is_set = setting.value == *value;
        (!is_set).then(|| format!("ALTER ROLE {} SET {name} = '{value}'", setting.role))
    });
    Ok(missing.collect())
}

/// Whether the statement that asks has another name in PostgreSQL than the driver gave it. A pooler
/// that renames statements prepares them again in each session that needs them.
async fn manages_statements(connection: &mut AsyncPgConnection) -> Result<bool, Unavailable> {
    // Within a transaction one session prepares and executes it.
    let answer = connection.transaction(async |connection| {
        sql_query(
            "SELECT NOT EXISTS (
                 SELECT FROM pg_prepared_statements
                 WHERE name ~ '^s[0-9]+$' AND statement LIKE '%pg_prepared_statements%'
             ) AS holds",
        )
        .get_result::<Answer>(connection)
        .await
    });
    Ok(answer.await?.holds)
}
