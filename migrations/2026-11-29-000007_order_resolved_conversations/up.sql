-- The `last_message_at` of a resolved conversation, null while it is open: the inbox's order of resolved conversations.
-- An open conversation is sorted when the inbox is read, so no index has a column that each message writes.
ALTER TABLE chat_conversations ADD COLUMN inbox_at timestamptz;

-- Room for the next version of a row on its page: an update of columns that no index has writes no index.
ALTER TABLE chat_conversations SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05
);
ALTER TABLE chat_sessions SET (
    fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);

CREATE FUNCTION chat_order_resolved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.inbox_at := CASE WHEN NEW.status = 'resolved' THEN NEW.last_message_at END;
    RETURN NEW;
END
$$;

-- A persister of the release before does not write `inbox_at`. This trigger writes it in its place, and goes in the
-- release after this one.
CREATE TRIGGER chat_conversations_order BEFORE UPDATE ON chat_conversations FOR EACH ROW WHEN (
    NEW.inbox_at IS DISTINCT FROM CASE WHEN NEW.status = 'resolved' THEN NEW.last_message_at END
) EXECUTE FUNCTION chat_order_resolved();
