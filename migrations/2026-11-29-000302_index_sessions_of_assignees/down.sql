DROP INDEX CONCURRENTLY chat_sessions_assigned;
