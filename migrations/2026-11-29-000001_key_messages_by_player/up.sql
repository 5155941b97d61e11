-- A message is (`player_id`, `id`). The release after this one no longer has the key `id`.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS chat_messages_key ON chat_messages (player_id, id);
