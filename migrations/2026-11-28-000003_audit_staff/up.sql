-- What staff did to a conversation, and who of them read it. Rows are added and never changed. Of a
-- player who never wrote there is no conversation, and staff can read that as well: so the table
-- refers to none.
CREATE TABLE chat_audit (
    player_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('taken', 'resolved', 'read')),
    -- Whether the session changed by it; a read changes none.
    effective boolean NOT NULL,
    actor_id text,
    actor_name text,
    session_id uuid,
    change_id uuid,
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (player_id, id)
);

-- One actor's rows, in their order.
CREATE INDEX chat_audit_actor ON chat_audit (actor_id, accepted_at, player_id, id);

-- Those that have been kept for long enough.
CREATE INDEX chat_audit_age ON chat_audit (accepted_at);

CREATE FUNCTION chat_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- `persister audit --purge` sets it for its own transaction.
    IF TG_OP = 'DELETE' AND current_setting('chat.audit_purge', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'chat_audit is append-only: % is refused', TG_OP;
END
$$;

CREATE TRIGGER chat_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON chat_audit
    FOR EACH STATEMENT EXECUTE FUNCTION chat_audit_is_append_only();
