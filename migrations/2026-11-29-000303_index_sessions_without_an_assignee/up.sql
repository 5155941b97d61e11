-- The open sessions that have no assignee, the most urgent first, and of these the oldest.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_sessions_pile
    ON chat_sessions (team, priority DESC, opened_at) WHERE resolved_at IS NULL AND assignee_id IS NULL;
