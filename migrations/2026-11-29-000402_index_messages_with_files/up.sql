-- The messages with files, of one player and of all: the sweep of the gateways' store reads all of them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_messages_attachments
    ON chat_messages (player_id) WHERE attachments IS NOT NULL;
