-- A player's messages with files.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_messages_attachments
    ON chat_messages (player_id) WHERE attachments IS NOT NULL;
