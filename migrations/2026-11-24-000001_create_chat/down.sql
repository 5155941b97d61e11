DROP TABLE chat_status_changes;
DROP TABLE chat_messages;
DROP TABLE chat_sessions;
DROP TABLE chat_conversations;
