-- The staff's inbox with the longest waiting first: pages by (`waiting_since`, `player_id`) of one status.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_conversations_waiting
    ON chat_conversations (status, waiting_since, player_id);
