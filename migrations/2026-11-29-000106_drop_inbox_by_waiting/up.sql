DROP INDEX CONCURRENTLY IF EXISTS chat_conversations_waiting;
