-- The inbox's open conversations, in any order.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_conversations_open
    ON chat_conversations (status, player_id) WHERE status IN ('pending', 'active');
