DROP TABLE chat_archived_messages;
ALTER TABLE chat_conversations DROP COLUMN archived_through;
