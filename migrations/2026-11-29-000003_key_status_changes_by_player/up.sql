CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS chat_status_changes_key ON chat_status_changes (player_id, id);
