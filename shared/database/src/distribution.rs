//! The tables can be distributed over several servers by player: <https://docs.citusdata.com>.

use anyhow::{Context, ensure};
use diesel::{
    QueryResult, QueryableByName, sql_query,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::{DatabaseSettings, connection::connect_for_migrations, migrate::ensure_migrated};

/// The tables that are about no player. They stay on one server, and nothing joins them with others.
const WITHOUT_PLAYER: [&str; 2] = ["chat_canned_replies", "chat_staff"];

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A foreign key from one of the tables to another.
#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// The primary keys, unique indexes and foreign keys of the players' tables that do not contain
/// `player_id`.
/// None can be enforced once the tables are distributed.
///
/// # Errors
/// When the database cannot be used.
pub async fn keys_without_player(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let keys: Vec<Name> = sql_query(
        "WITH player AS (
             SELECT attrelid AS relation, attnum AS number FROM pg_attribute
             WHERE attname = 'player_id' AND attrelid::regclass::text LIKE 'chat\\_%'
         ),
         relation AS (
             SELECT c.oid FROM pg_class c
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
                 AND c.relname LIKE 'chat\\_%' AND c.relname <> ALL ($1)
         )
         SELECT i.indexrelid::regclass::text AS name FROM pg_index i
         JOIN relation ON relation.oid = i.indrelid
         LEFT JOIN player ON player.relation = i.indrelid
         WHERE i.indisunique AND (player.number = ANY (i.indkey)) IS NOT true
         UNION ALL
         SELECT f.conname FROM pg_constraint f
         JOIN relation ON relation.oid = f.conrelid
         LEFT JOIN player AS own ON own.relation = f.conrelid
         LEFT JOIN player AS other ON other.relation = f.confrelid
         WHERE f.contype = 'f' AND (
             array_position(f.conkey, own.number) = array_position(f.confkey, other.number)
         ) IS NOT true
         ORDER BY name",
    )
    .bind::<Array<Text>, _>(WITHOUT_PLAYER.as_slice())
    .load(connection)
    .await?;
    Ok(keys.into_iter().map(|key| key.name).collect())
}

/// Distributes the tables by player over the servers of a Citus cluster, in `shards` shards, and
/// returns the tables that it distributed: none if all are. Nothing is changed when it fails.
///
/// The tables are locked meanwhile: persisters wait, and gateways answer reads with 503.
///
/// # Errors
/// When the database has no extension `citus`, is not migrated, or cannot be used.
pub async fn distribute(settings: &DatabaseSettings, shards: u16) -> anyhow::Result<Vec<String>> {
    let mut connection =
        connect_for_migrations(settings).await.context("the database cannot be reached")?;
    let extension = "SELECT extname::text AS name FROM pg_extension WHERE extname = 'citus'";
    let extension: Vec<Name> = sql_query(extension).load(&mut connection).await?;
    ensure!(
        !extension.is_empty(),
        "the database has no extension citus: a superuser creates it, and adds the cluster's \
         nodes, first"
    );
    let mut connection = ensure_migrated(connection).await?;
    let keys = keys_without_player(&mut connection).await?;
    ensure!(keys.is_empty(), "these keys do not contain player_id: {}", keys.join(", "));
    connection.transaction(async |connection| distribute_tables(connection, shards).await).await
}

async fn distribute_tables(
    connection: &mut AsyncPgConnection,
    shards: u16,
) -> anyhow::Result<Vec<String>> {
    let tables: Vec<Name> = sql_query(
        "SELECT relname::text AS name FROM pg_class
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
             AND relname LIKE 'chat\\_%' AND relname <> ALL ($1)
             AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition)
         ORDER BY relname <> 'chat_conversations', relname",
    )
    .bind::<Array<Text>, _>(WITHOUT_PLAYER.as_slice())
    .load(connection)
    .await?;
    let tables: Vec<_> = tables.into_iter().map(|table| table.name).collect();
    // A table that is not distributed may not refer to one that is.
    let references: Vec<Reference> = sql_query(
        r#"SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name,
             pg_get_constraintdef(oid) AS definition
         FROM pg_constraint
         WHERE contype = 'f' AND conrelid = ANY ($1::regclass[])"#,
    )
    .bind::<Array<Text>, _>(&tables)
    .load(connection)
    .await?;
    for Reference { table, name, .. } in &references {
        let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {name}");
        connection.batch_execute(&drop).await?;
    }
    // Each server refuses to change its part of the audit.
    connection.batch_execute("SET LOCAL citus.enable_unsafe_triggers = on").await?;
    for table in &tables {
        let together = match table.as_str() {
            "chat_conversations" => format!("shard_count => {shards}"),
            _ => "colocate_with => 'chat_conversations'".to_owned(),
        };
        let distribute =
            format!("SELECT create_distributed_table('{table}', 'player_id', {together})");
        connection.batch_execute(&distribute).await?;
    }
    for Reference { table, name, definition } in &references {
        let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}");
        connection.batch_execute(&add).await?;
    }
    Ok(tables)
}
