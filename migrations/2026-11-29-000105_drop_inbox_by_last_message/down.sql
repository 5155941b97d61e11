CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_conversations_inbox
    ON chat_conversations (status, last_message_at, player_id);
