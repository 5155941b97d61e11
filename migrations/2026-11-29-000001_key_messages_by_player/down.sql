DROP INDEX CONCURRENTLY chat_messages_key;
