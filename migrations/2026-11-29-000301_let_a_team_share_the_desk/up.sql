-- What staff keeps about a session: its assignee, its team, its tags, its priority and the player's language. All of it
-- but the language is computed from chat_assignments and chat_session_changes, in the order in which they were accepted.
ALTER TABLE chat_sessions
    ADD COLUMN assignee_id text,
    ADD COLUMN assignee_name text,
    ADD COLUMN assigned_at timestamptz,
    ADD COLUMN team text,
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN language text;

-- When the latest change of what staff keeps about a session of the conversation was accepted. Null while there is none,
-- so that a batch reads no changes of most conversations.
ALTER TABLE chat_conversations ADD COLUMN desk_changed_at timestamptz;

-- Who was to have a session, as accepted. A claim has an effect only if the session had no assignee at that point. A
-- release with an assignee has one only while that member of the staff has the session. The id of a claim by a reply is
-- the message's.
CREATE TABLE chat_assignments (
    player_id text COLLATE "C" NOT NULL REFERENCES chat_conversations,
    id uuid NOT NULL,
    session_id uuid,
    action text NOT NULL CHECK (action IN ('claim', 'assign', 'release')),
    assignee_id text,
    assignee_name text,
    team text,
    by_id text,
    by_name text,
    reason text NOT NULL CHECK (reason IN ('claim', 'manual', 'reply', 'auto', 'gone')),
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (player_id, id),
    CHECK (action = 'release' OR assignee_id IS NOT NULL)
);

CREATE INDEX chat_assignments_order ON chat_assignments (player_id, accepted_at);

-- The other changes of what staff keeps about a session, as accepted. `value` is the team, the number of the priority, or
-- an object with the tags to add and to remove. The id of a route by a message's topic is the message's.
CREATE TABLE chat_session_changes (
    player_id text COLLATE "C" NOT NULL REFERENCES chat_conversations,
    id uuid NOT NULL,
    session_id uuid,
    what text NOT NULL CHECK (what IN ('route', 'tags', 'priority')),
    value jsonb NOT NULL,
    by_id text,
    by_name text,
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (player_id, id)
);

CREATE INDEX chat_session_changes_order ON chat_session_changes (player_id, accepted_at);

-- Internal notes. They are no messages, so that no query of messages can show one to a player. An erased note has no
-- content and no author's name.
CREATE TABLE chat_notes (
    player_id text COLLATE "C" NOT NULL REFERENCES chat_conversations,
    id uuid NOT NULL,
    session_id uuid,
    author_id text,
    author_name text,
    content text NOT NULL CHECK (char_length(content) <= 4000),
    mentions text[] NOT NULL DEFAULT '{}',
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (player_id, id)
);

CREATE INDEX chat_notes_order ON chat_notes (player_id, accepted_at, id);

-- The members of the staff who have opened the desk, as their tokens and desks describe them. It is about no player.
CREATE TABLE chat_staff (
    id text COLLATE "C" PRIMARY KEY,
    name text,
    teams text[] NOT NULL DEFAULT '{}',
    -- How many open sessions they take at once; null for the system's default.
    capacity smallint CHECK (capacity >= 0),
    status text NOT NULL CHECK (status IN ('online', 'away', 'reassign')),
    -- When their last availability was accepted, and when the system last assigned a session to them.
    seen_at timestamptz NOT NULL,
    last_assigned_at timestamptz
) WITH (fillfactor = 50);

-- Prepared answers. It is about no player. A deleted one stays as a row, so that an older change does not restore it.
CREATE TABLE chat_canned_replies (
    id uuid PRIMARY KEY,
    shortcut text NOT NULL,
    title text NOT NULL,
    team text,
    bodies jsonb NOT NULL,
    -- The version of the list since this reply has this text.
    version bigint NOT NULL,
    change_id uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text,
    deleted_at timestamptz
);

CREATE UNIQUE INDEX chat_canned_replies_shortcut ON chat_canned_replies (shortcut) WHERE deleted_at IS NULL;

ALTER TABLE chat_audit
    DROP CONSTRAINT chat_audit_action_check,
    ADD CONSTRAINT chat_audit_action_check CHECK (action IN
        ('taken', 'resolved', 'read', 'claimed', 'assigned', 'released', 'tagged', 'prioritized', 'noted')) NOT VALID;
