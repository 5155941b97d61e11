CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_conversations_waiting
    ON chat_conversations (status, waiting_since, player_id);
