DROP INDEX CONCURRENTLY chat_sessions_tags;
