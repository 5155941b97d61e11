-- The archived messages with files: the sweep of the gateways' store reads all of them.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_archived_messages_attachments
    ON chat_archived_messages (player_id, id) WHERE attachment_ids IS NOT NULL;
