-- The inbox's resolved conversations: pages by (`inbox_at`, `player_id`).
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_conversations_resolved
    ON chat_conversations (inbox_at, player_id) WHERE status = 'resolved';
