-- The ids that are to be forgotten: not those of messages with files. The previous release forgets by
-- chat_archived_messages_age, which goes in the release after this one.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_archived_messages_forgettable
    ON chat_archived_messages (archived_at) WHERE attachment_ids IS NULL;
