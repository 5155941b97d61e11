//! The cost of writing messages: only the rows, into the real table, by `UNNEST … ON CONFLICT` or
//! by binary `COPY`. The persister is compared with it.

use std::{pin::pin, sync::Arc, time::Instant};

use bench_limits::{Database, Players, Row, report};
use clap::Parser;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement, binary_copy::BinaryCopyInWriter, types::Type};

/// Writes messages of new players into a migrated database, one transaction for a batch, and prints
/// the rate
#[derive(Clone, Debug, Parser)]
struct Options {
    #[command(flatten)]
    database: Database,

    /// Write by binary COPY instead of INSERT … SELECT FROM UNNEST … ON CONFLICT DO NOTHING
    #[arg(long, env = "BENCH_COPY")]
    copy: bool,

    /// The number of messages
    #[arg(long, env = "BENCH_MESSAGES", default_value_t = 100_000, value_name = "NUMBER")]
    messages: usize,

    /// The number of players, who send in turn
    #[arg(long, env = "BENCH_PLAYERS", default_value_t = 10_000, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    players: u32,

    /// Concurrent connections
    #[arg(long, env = "BENCH_CONNECTIONS", default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,

    /// Messages in a batch
    #[arg(long, env = "BATCH_MAX_EVENTS", default_value_t = 500, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    batch: u16,
}

const INSERT: &str = "
    INSERT INTO chat_messages
        (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content, accepted_at)
    SELECT id, session_id, player_id, seq, 'player', player_id, 'Bo', content, accepted_at
    FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])
        AS new (id, session_id, player_id, seq, content, accepted_at)
    ON CONFLICT (player_id, id) DO NOTHING";

const COPY: &str = "
    COPY chat_messages
        (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content, accepted_at)
    FROM STDIN (FORMAT binary)";

const COLUMNS: [Type; 9] = [
    Type::UUID,
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TIMESTAMPTZ,
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let players = Players::create(&options.database.connect().await?, options.players).await?;
    let players = Arc::new(players);
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        let client = options.database.connect().await?;
        connections.push((client.prepare(INSERT).await?, client));
    }
    let (start, mut writers) = (Instant::now(), JoinSet::new());
    for (number, (insert, client)) in connections.into_iter().enumerate() {
        let (options, players) = (options.clone(), players.clone());
        writers.spawn(async move {
            let (batch, mut written) = (usize::from(options.batch), 0);
            let firsts = (0..options.messages).step_by(batch).skip(number);
            for first in firsts.step_by(usize::from(options.connections)) {
                let numbers = first..options.messages.min(first + batch);
                let rows: Vec<_> = numbers.filter_map(|number| players.message(number)).collect();
                written += if options.copy {
                    copy_rows(&client, &rows).await?
                } else {
                    insert_rows(&client, &insert, &rows).await?
                };
            }
            anyhow::Ok(written)
        });
    }
    let mut written = 0;
    while let Some(writer) = writers.join_next().await {
        written += writer??;
    }
    report("rows", written, start.elapsed());
    Ok(())
}

async fn insert_rows(client: &Client, insert: &Statement, rows: &[Row<'_>]) -> anyhow::Result<u64> {
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let sessions: Vec<_> = rows.iter().map(|row| row.session_id).collect();
    let players: Vec<_> = rows.iter().map(|row| row.player_id).collect();
    let seqs: Vec<_> = rows.iter().map(|row| row.seq).collect();
    let contents: Vec<_> = rows.iter().map(|row| row.content.as_str()).collect();
    let times: Vec<_> = rows.iter().map(|row| row.accepted_at).collect();
    Ok(client.execute(insert, &[&ids, &sessions, &players, &seqs, &contents, &times]).await?)
}

async fn copy_rows(client: &Client, rows: &[Row<'_>]) -> anyhow::Result<u64> {
    let mut writer = pin!(BinaryCopyInWriter::new(client.copy_in(COPY).await?, &COLUMNS));
    for Row { id, session_id, player_id, seq, content, accepted_at } in rows {
        let (kind, name) = (&"player", &"Bo");
        writer
            .as_mut()
            .write(&[id, session_id, player_id, seq, kind, player_id, name, content, accepted_at])
            .await?;
    }
    Ok(writer.finish().await?)
}
