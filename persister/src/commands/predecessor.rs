use clap::{Args, Subcommand};
use database::{DatabaseSettings, connect, connect_to_write};
use diesel::{QueryResult, sql_query};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::store::{
    Exported, Imported, LeftOut, PredecessorSchema, export_to_predecessor, import_from_predecessor,
};

/// Copy sessions and messages between V1.2's tables and this system's
///
/// For the change of a portal from V1.2 to this system and back, in the order that
/// docs/operations/upgrades.md describes. V1.2's tables chat_sessions and chat_messages are in a schema
/// of the same database, where deploy/database/predecessor.sql moves them. Each run copies what is
/// missing, beside services that run, and may be repeated. It announces nothing. It works on tables that
/// are not distributed.
#[derive(Args, Clone, Debug)]
pub struct PredecessorCommand {
    #[command(subcommand)]
    direction: Direction,
}

#[derive(Clone, Debug, Subcommand)]
enum Direction {
    /// From V1.2 to this system: what V1.2 stored while it served
    Import(Arguments),
    /// From this system to V1.2: what this system stored while it served
    Export(Arguments),
}

#[derive(Args, Clone, Debug)]
struct Arguments {
    /// Schema of V1.2's tables
    #[arg(long, value_name = "NAME", default_value = "v1_2")]
    schema: PredecessorSchema,

    #[command(flatten)]
    database: DatabaseSettings,
}

impl PredecessorCommand {
    /// Copies, and prints the result.
    ///
    /// # Errors
    /// When the database cannot be used. The operator may run it again.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.direction {
            Direction::Import(arguments) => import(&arguments).await,
            Direction::Export(arguments) => export(&arguments).await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "output of a command")]
async fn import(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { schema, database } = arguments;
    database.check().map_err(anyhow::Error::msg)?;
    let (mut reader, mut writer) = (connect(database).await?, connect_to_write(database).await?);
    wait_for_long_statements(&mut reader).await?;
    let mut left_out = 0;
    let mut report = |row: &LeftOut| {
        left_out += 1;
        println!("left out: {row}");
    };
    let imported = import_from_predecessor(&mut reader, &mut writer, schema, &mut report).await?;
    let Imported { messages, resolutions } = imported;
    println!(
        "imported {messages} messages and the ends of {resolutions} sessions, left out {left_out} rows"
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "output of a command")]
async fn export(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { schema, database } = arguments;
    database.check().map_err(anyhow::Error::msg)?;
    let mut connection = connect(database).await?;
    wait_for_long_statements(&mut connection).await?;
    let exported = export_to_predecessor(&mut connection, schema).await?;
    let Exported { messages, sessions, left_out } = exported;
    println!(
        "exported {messages} messages and {sessions} sessions, left out {left_out} messages whose ids \
         other players' messages have"
    );
    Ok(())
}

/// Lets statements take as long as they need: one reads all of V1.2's messages, another copies all of a
/// player's.
async fn wait_for_long_statements(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        sql_query(format!("SET {setting} = 0")).execute(connection).await?;
    }
    Ok(())
}
