ALTER TABLE chat_archived_messages DROP COLUMN attachment_ids;
ALTER TABLE chat_messages DROP COLUMN attachments;
