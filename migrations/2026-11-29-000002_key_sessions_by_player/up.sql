CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS chat_sessions_key ON chat_sessions (player_id, id);
