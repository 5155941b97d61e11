//! Checks the SQL that the services sent to the PostgreSQL of a test run, as `pg_stat_statements`
//! recorded it, against the [`rule`] of tables that are distributed by player.

mod rule;

use std::process::ExitCode;

use anyhow::{Context, ensure};
use tokio_postgres::NoTls;

const STATEMENTS: &str = "SELECT DISTINCT query FROM pg_stat_statements s
    JOIN pg_roles r ON r.oid = s.userid
    WHERE r.rolname IN ('chat_writer', 'chat_reader') AND query LIKE '%chat\\_%'
    ORDER BY query";

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the violations are the output")]
async fn main() -> anyhow::Result<ExitCode> {
    let url = std::env::var("TEST_DATABASE_URL").context("TEST_DATABASE_URL is not set")?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await?;
    let lost = client.query_one("SELECT dealloc FROM pg_stat_statements_info", &[]).await?;
    ensure!(lost.get::<_, i64>(0) == 0, "pg_stat_statements.max is too small for all statements");
    let statements: Vec<String> =
        client.query(STATEMENTS, &[]).await?.iter().map(|row| row.get(0)).collect();
    drop(client);
    connection.await??;
    let inserts = statements.iter().any(|sql| sql.contains("INSERT INTO chat_messages"));
    ensure!(inserts, "no statement of the services was recorded");

    let mut violations = 0;
    for sql in &statements {
        if let Err(violation) = rule::check(sql) {
            violations += 1;
            println!("{violation}:\n{sql}\n");
        }
    }
    println!(
        "{} statements, {violations} that tables distributed by player do not allow",
        statements.len()
    );
    Ok(if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
