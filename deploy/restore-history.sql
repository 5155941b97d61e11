-- Restores archived messages from the temporary table `lines` (docs/history.md). It commits in steps, so
-- run it outside of a transaction. After an interruption, run it again from the beginning.
--
-- A step locks up to 100 conversations in the order of `player_id`, as a persister does, and restores up
-- to 50 messages of each, the newest first, so that no conversation has a gap after any step. A message
-- that was accepted before its conversation was erased is restored without content, attachments and sender's
-- name, also if the archive still has them.
CREATE TEMP TABLE archived AS
SELECT DISTINCT ON (player_id, seq)
    line->>'playerId' COLLATE "C" AS player_id, (line->>'seq')::bigint AS seq, line
FROM lines
ORDER BY player_id, seq, line->>'content';
CREATE INDEX ON archived (player_id, seq);
ANALYZE archived;

DO $$
DECLARE
    last_done text COLLATE "C" := '';
    players text[];
    held text[];
    taken bigint;
BEGIN
    LOOP
        SELECT array_agg(player_id ORDER BY player_id) INTO players FROM (
            SELECT DISTINCT player_id FROM archived WHERE player_id > last_done ORDER BY player_id LIMIT 100
        ) AS next;
        EXIT WHEN players IS NULL;
        LOOP
            WITH locked AS (
                INSERT INTO chat_conversations AS c (player_id)
                SELECT player_id FROM chat_conversations WHERE player_id = ANY (players) ORDER BY player_id
                ON CONFLICT (player_id) DO UPDATE SET last_seq = c.last_seq
                RETURNING c.player_id
            )
            SELECT array_agg(player_id) INTO held FROM locked;
            -- A step removes its messages from `archived`, whether it restores them or they exist already.
            WITH step AS (
                DELETE FROM archived a
                USING unnest(held) AS player, LATERAL (
                    SELECT newest.player_id, newest.seq FROM archived newest
                    WHERE newest.player_id = player ORDER BY newest.seq DESC LIMIT 50
                ) AS chosen
                WHERE a.player_id = chosen.player_id AND a.seq = chosen.seq
                RETURNING a.player_id, a.seq, a.line
            ), message AS (
                SELECT step.*,
                    coalesce((line->>'acceptedAt')::timestamptz <= c.erased_through, false) AS is_erased
                FROM step JOIN chat_conversations c USING (player_id)
            ), restored AS (
                INSERT INTO chat_messages
                    (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content, accepted_at,
                     persisted_at, attachments)
                SELECT (line->>'messageId')::uuid, (line->>'sessionId')::uuid, player_id, seq,
                    line->>'senderType', line->>'senderId', CASE WHEN NOT is_erased THEN line->>'senderName' END,
                    CASE WHEN is_erased THEN '' ELSE line->>'content' END,
                    (line->>'acceptedAt')::timestamptz, (line->>'persistedAt')::timestamptz,
                    CASE WHEN NOT is_erased THEN line->'attachments' END
                FROM message
                ON CONFLICT DO NOTHING
            )
            SELECT count(*) INTO taken FROM step;
            -- A conversation that had no messages left returns to the inbox.
            UPDATE chat_conversations c SET
                status = s.status,
                last_message_id = last.id,
                last_message_at = last.accepted_at,
                inbox_at = CASE WHEN s.status = 'resolved' THEN last.accepted_at END
            FROM chat_sessions s, (
                SELECT DISTINCT ON (player_id) player_id, id, accepted_at FROM chat_messages
                WHERE player_id = ANY (held)
                ORDER BY player_id, accepted_at DESC, id DESC
            ) AS last
            WHERE c.player_id = ANY (held) AND c.last_message_id IS NULL
                AND s.player_id = c.player_id AND s.id = c.session_id AND last.player_id = c.player_id;
            COMMIT;
            EXIT WHEN taken = 0;
        END LOOP;
        last_done := players[cardinality(players)];
    END LOOP;
END
$$;
