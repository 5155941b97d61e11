//! A large database.

use tokio_postgres::Client;

/// The player of every hundredth message.
pub const DEEP: &str = "deep";

/// Creates `$ROWS` messages of `$PLAYERS` players. Indexes are dropped meanwhile, and foreign keys
/// are not checked.
const FILL: &str = r"
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
CREATE FUNCTION pg_temp.made_at(number bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
    $$ SELECT timestamptz '2026-01-01T00:00Z' + number * interval '1 millisecond' $$;
CREATE FUNCTION pg_temp.message_id(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(1767225600000 + number), 12, '0') || '7' || substr(md5(number::text), 1, 3)
        || '8' || substr(md5(number::text), 4, 15))::uuid $$;
CREATE FUNCTION pg_temp.player(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE number % 100 WHEN 0 THEN 'deep' ELSE 'player-' || number % $PLAYERS END $$;
CREATE FUNCTION pg_temp.session_id(player text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT md5(player)::uuid $$;
CREATE TEMP TABLE indexes AS
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = 'chat_messages'::regclass AND NOT indisprimary;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT i.name FROM indexes i LOOP EXECUTE 'DROP INDEX ' || name; END LOOP;
END $$;
INSERT INTO chat_messages
    (id, session_id, player_id, seq, sender_type, sender_id, content, accepted_at, persisted_at)
SELECT pg_temp.message_id(n), pg_temp.session_id(player), player,
    CASE player WHEN 'deep' THEN n / 100 ELSE n / $PLAYERS END + 1, 'player', player,
    'My sword is gone, and that is message ' || n || ' about it', pg_temp.made_at(n),
    pg_temp.made_at(n)
FROM generate_series(0, $ROWS - 1) n, LATERAL (SELECT pg_temp.player(n) AS player) p;
INSERT INTO chat_conversations
    (player_id, last_seq, session_id, status, last_message_id, last_message_at)
SELECT player_id, max(seq), pg_temp.session_id(player_id), 'pending', NULL, max(accepted_at)
FROM chat_messages GROUP BY player_id;
INSERT INTO chat_sessions (id, player_id, status, opened_at, last_message_at)
SELECT pg_temp.session_id(player_id), player_id, 'pending', pg_temp.made_at(0), last_message_at
FROM chat_conversations;
DO $$ DECLARE definition text; BEGIN
    FOR definition IN SELECT i.definition FROM indexes i LOOP EXECUTE definition; END LOOP;
END $$;
UPDATE chat_conversations c SET last_message_id = m.id FROM chat_messages m
WHERE m.player_id = c.player_id AND m.seq = c.last_seq;
DROP TABLE indexes;
RESET ALL;
";

/// Fills a database unless it is filled already.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn fill(client: &Client, rows: u32, players: u32) -> anyhow::Result<()> {
    if client
        .query_opt("SELECT FROM chat_conversations WHERE player_id = 'deep'", &[])
        .await?
        .is_some()
    {
        return Ok(());
    }
    let sql = FILL.replace("$ROWS", &rows.to_string()).replace("$PLAYERS", &players.to_string());
    let sql = format!("BEGIN; {sql} COMMIT;");
    client.batch_execute(&sql).await?;
    for sql in ["VACUUM ANALYZE", "CHECKPOINT"] {
        client.batch_execute(sql).await?;
    }
    Ok(())
}

/// Resolves all sessions but 10,000, which belong to eight teams; every tenth has a tag, and every tenth belongs to one of
/// 200 desks.
const RESOLVE_MOST: &str = "
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;
CREATE TEMP TABLE open ON COMMIT DROP AS
    SELECT player_id, row_number() OVER (ORDER BY md5(player_id)) AS number FROM chat_conversations
    ORDER BY md5(player_id) LIMIT 10000;
CREATE UNIQUE INDEX ON open (player_id);
UPDATE chat_sessions AS s SET status = 'resolved', resolved_at = last_message_at
    WHERE NOT EXISTS (SELECT FROM open WHERE open.player_id = s.player_id);
UPDATE chat_conversations AS c SET status = 'resolved', inbox_at = last_message_at
    WHERE NOT EXISTS (SELECT FROM open WHERE open.player_id = c.player_id);
UPDATE chat_conversations AS c SET unanswered = 1, waiting_since = c.last_message_at,
    status = CASE number % 10 WHEN 1 THEN 'active' ELSE 'pending' END
    FROM open WHERE open.player_id = c.player_id;
UPDATE chat_sessions AS s SET
    team = 'team-' || number % 8,
    tags = CASE number % 10 WHEN 0 THEN ARRAY['refund'] ELSE '{}' END,
    priority = CASE number % 20 WHEN 0 THEN 2 ELSE 0 END,
    status = CASE number % 10 WHEN 1 THEN 'active' ELSE 'pending' END,
    assignee_id = CASE number % 10 WHEN 1 THEN 'desk-' || number / 10 % 200 END,
    assigned_at = CASE number % 10 WHEN 1 THEN s.last_message_at END
    FROM open WHERE open.player_id = s.player_id;
COMMIT;
";

/// Resolves most sessions, unless that was done.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn resolve_most(client: &Client) -> anyhow::Result<()> {
    let resolved = "SELECT FROM chat_sessions WHERE resolved_at IS NOT NULL LIMIT 1";
    if client.query_opt(resolved, &[]).await?.is_some() {
        return Ok(());
    }
    for sql in [RESOLVE_MOST, "VACUUM ANALYZE", "CHECKPOINT"] {
        client.batch_execute(sql).await?;
    }
    Ok(())
}
