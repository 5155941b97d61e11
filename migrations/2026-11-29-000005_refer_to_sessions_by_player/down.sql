ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_session;
