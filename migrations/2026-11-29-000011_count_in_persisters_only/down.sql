-- Counts a conversation anew off the index of its order. It reads 100 messages at most, unless the
-- conversation was never counted.
CREATE FUNCTION chat_recount() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opened timestamptz;
BEGIN
    SELECT opened_at INTO opened FROM chat_sessions
    WHERE id = NEW.session_id AND player_id = NEW.player_id AND resolved_at IS NULL;

    IF OLD.counted_seq IS NULL THEN
        SELECT max(accepted_at) INTO NEW.answered_at FROM chat_messages
        WHERE player_id = NEW.player_id AND accepted_at >= opened AND sender_type = 'staff';
    ELSE
        SELECT greatest(NEW.answered_at, max(accepted_at)) INTO NEW.answered_at FROM chat_messages
        WHERE player_id = NEW.player_id AND seq > OLD.last_seq AND sender_type = 'staff';
    END IF;

    SELECT count(*), min(waiting.accepted_at) INTO NEW.unanswered, NEW.waiting_since
    FROM (
        SELECT accepted_at FROM chat_messages
        WHERE player_id = NEW.player_id AND accepted_at >= opened
            AND accepted_at > greatest(NEW.answered_at, NEW.erased_through, '-infinity')
            AND sender_type = 'player'
        ORDER BY accepted_at, id LIMIT 100
    ) AS waiting;

    NEW.counted_seq := NEW.last_seq;
    RETURN NEW;
END
$$;

-- A persister of the release before does not write the counts. This trigger writes them in its place,
-- and goes in the release after this one.
CREATE TRIGGER chat_conversations_recount BEFORE UPDATE ON chat_conversations FOR EACH ROW WHEN (
    NEW.counted_seq IS DISTINCT FROM NEW.last_seq
    OR NEW.unanswered > 0 AND NEW.unanswered = OLD.unanswered
        AND (NEW.session_id, NEW.status) IS DISTINCT FROM (OLD.session_id, OLD.status)
) EXECUTE FUNCTION chat_recount();
