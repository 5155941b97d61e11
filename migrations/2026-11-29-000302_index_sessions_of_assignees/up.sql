-- The open sessions of a member of the staff.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_sessions_assigned
    ON chat_sessions (assignee_id) WHERE resolved_at IS NULL AND assignee_id IS NOT NULL;
