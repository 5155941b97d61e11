-- The open sessions with a tag.
CREATE INDEX CONCURRENTLY IF NOT EXISTS chat_sessions_tags
    ON chat_sessions USING gin (tags) WHERE resolved_at IS NULL AND tags <> '{}';
