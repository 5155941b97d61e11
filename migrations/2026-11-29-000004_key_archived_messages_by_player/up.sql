CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS chat_archived_messages_key ON chat_archived_messages (player_id, id);
