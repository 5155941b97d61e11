-- The open sessions that have no assignee, the oldest first.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_sessions_pile
    ON chat_sessions (team, opened_at) WHERE resolved_at IS NULL AND assignee_id IS NULL;
