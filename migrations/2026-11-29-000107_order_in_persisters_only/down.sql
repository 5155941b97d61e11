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
