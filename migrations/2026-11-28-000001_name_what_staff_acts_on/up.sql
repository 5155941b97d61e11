-- What a change of status names, and who asked for it. `effective` is false where the change had no
-- effect, or lost it: it ends no session then.
ALTER TABLE chat_status_changes
    ADD COLUMN session_id uuid,
    ADD COLUMN last_seq bigint,
    ADD COLUMN actor_id text,
    ADD COLUMN actor_name text,
    ADD COLUMN effective boolean NOT NULL DEFAULT true;

-- The actor of the last change that had an effect on the session.
ALTER TABLE chat_sessions
    ADD COLUMN actor_id text,
    ADD COLUMN actor_name text;
