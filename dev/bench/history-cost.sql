-- The cost of a page of history and of the insert of a batch in a database that `bench` created, whose
-- conversation `deep` has a hundredth of all messages:
--   psql "$DATABASE_URL" --quiet --file dev/bench/history-cost.sql
-- Adds 50 batches of 500 messages, each to a conversation of its own.
\set QUIET on
\pset footer off
SET synchronous_commit = on;
SET plan_cache_mode = force_custom_plan;
CREATE TEMP TABLE costs (what text, milliseconds float, blocks bigint, read bigint, whole bigint);

CREATE FUNCTION pg_temp.measure(what text, statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) ' || statement INTO plan;
    INSERT INTO costs VALUES (what,
        (plan->0->>'Planning Time')::float + (plan->0->>'Execution Time')::float,
        (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read Blocks')::bigint,
        (plan->0->'Plan'->>'Shared Read Blocks')::bigint,
        (plan->0->'Plan'->>'WAL FPI')::bigint);
END $$;

DO $$
DECLARE
    depth bigint := (SELECT max(seq) FROM chat_messages WHERE player_id = 'deep');
    players bigint := (SELECT count(*) - 1 FROM chat_conversations);
    page text := 'SELECT id, player_id, session_id, seq, sender_type, sender_id, sender_name, content,
        accepted_at, content = '''' AS erased FROM chat_messages WHERE player_id = ';
    at timestamptz;
    batch text;
BEGIN
    PERFORM setseed(0.5);
    FOR turn IN 1..100 LOOP
        SELECT accepted_at INTO at FROM chat_messages
        WHERE player_id = 'deep' AND seq = 100 + floor(random() * (depth - 200))::bigint;
        PERFORM pg_temp.measure('a page of 50, before=, anywhere in the longest conversation',
            page || format('''deep'' AND accepted_at <= %1$L AND (accepted_at < %1$L OR id < %2$L)
                ORDER BY accepted_at DESC, id DESC LIMIT 51', at, 'ffffffff-ffff-ffff-ffff-ffffffffffff'));
        PERFORM pg_temp.measure('a page of 50, after=, anywhere in the longest conversation',
            page || format('''deep'' AND seq > %s ORDER BY seq LIMIT 51',
                floor(random() * (depth - 100))::bigint));
        PERFORM pg_temp.measure('the newest page of an ordinary conversation',
            page || format('''player-%s'' ORDER BY accepted_at DESC, id DESC LIMIT 51',
                floor(random() * players)::bigint));
    END LOOP;
    FOR turn IN 1..50 LOOP
        COMMIT;
        SELECT format('INSERT INTO chat_messages
            (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content, accepted_at)
            SELECT * FROM unnest(%L::uuid[], %L::uuid[], %L::text[], %L::bigint[], %L::text[],
                %L::text[], %L::text[], %L::text[], %L::timestamptz[]) ON CONFLICT (id) DO NOTHING',
            array_agg(id), array_agg(session_id), array_agg(player_id), array_agg(seq),
            array_agg('player'::text), array_agg(player_id), array_agg(NULL::text),
            array_agg('My sword is gone, and I cannot tell where it went to'::text), array_agg(clock_timestamp()))
        INTO batch
        FROM (SELECT DISTINCT ON (player_id) session_id, player_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS seq,
                (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
                    || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS id
            FROM (SELECT 'player-' || floor(random() * players)::bigint AS player_id
                  FROM generate_series(1, 600)) AS picked
            JOIN chat_conversations USING (player_id)
            LIMIT 500) AS new;
        PERFORM pg_temp.measure('a batch of 500 inserted', batch);
        PERFORM pg_temp.measure('a look-up of their ids', format(
            'SELECT id FROM chat_messages WHERE id = ANY (%L::uuid[])',
            (SELECT array_agg(md5(random()::text)::uuid) FROM generate_series(1, 500))));
        PERFORM pg_temp.measure('a look-up of their ids among archived messages', format(
            'SELECT id, player_id FROM chat_archived_messages WHERE id = ANY (%L::uuid[])',
            (SELECT array_agg(md5(random()::text)::uuid) FROM generate_series(1, 500))));
    END LOOP;
END $$;

SELECT (SELECT count(*) FROM chat_messages) AS messages,
    pg_size_pretty(pg_total_relation_size('chat_messages')) AS with_indexes,
    pg_size_pretty(pg_total_relation_size('chat_archived_messages')) AS archived_ids;
SELECT what,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds))::numeric, 3) AS median_ms,
    round((percentile_cont(0.95) WITHIN GROUP (ORDER BY milliseconds))::numeric, 3) AS p95_ms,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY blocks) AS blocks,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY read) AS not_in_shared_buffers,
    percentile_disc(0.5) WITHIN GROUP (ORDER BY whole) AS full_page_images
FROM costs GROUP BY what ORDER BY what;
