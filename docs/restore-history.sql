-- Puts archived messages back, which are in the temporary table `lines` (docs/history.md).
BEGIN;
-- As the persister does it: whoever writes to a conversation holds it.
SELECT count(*) AS conversations FROM (
    SELECT FROM chat_conversations WHERE player_id IN (SELECT line->>'playerId' FROM lines)
    ORDER BY player_id FOR NO KEY UPDATE
) AS held;
INSERT INTO chat_messages
    (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content, accepted_at, persisted_at)
SELECT (line->>'messageId')::uuid, (line->>'sessionId')::uuid, line->>'playerId', (line->>'seq')::bigint,
    line->>'senderType', line->>'senderId', line->>'senderName', line->>'content',
    (line->>'acceptedAt')::timestamptz, (line->>'persistedAt')::timestamptz
FROM lines
ON CONFLICT DO NOTHING;
-- A conversation of which nothing was left is in the inbox again.
UPDATE chat_conversations c SET
    status = s.status,
    last_message_id = last.id,
    last_message_at = last.accepted_at
FROM chat_sessions s, (
    SELECT DISTINCT ON (player_id) player_id, id, accepted_at FROM chat_messages
    WHERE player_id IN (SELECT line->>'playerId' FROM lines)
    ORDER BY player_id, accepted_at DESC, id DESC
) AS last
WHERE c.last_message_id IS NULL AND s.id = c.session_id AND last.player_id = c.player_id;
COMMIT;
