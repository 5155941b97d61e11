-- One row a conversation. Whoever writes to a conversation locks its row first: `last_seq` is given
-- out under that lock. `status`, `last_message_*` and `session_id` say how the conversation stands,
-- so that the staff's inbox is read off one index.
CREATE TABLE chat_conversations (
    player_id text COLLATE "C" PRIMARY KEY CHECK (char_length(player_id) BETWEEN 1 AND 128),
    last_seq bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    session_id uuid,
    status text CHECK (status IN ('pending', 'active', 'resolved')),
    last_message_id uuid,
    last_message_at timestamptz
);

CREATE TABLE chat_sessions (
    id uuid PRIMARY KEY,
    player_id text COLLATE "C" NOT NULL REFERENCES chat_conversations,
    player_name text,
    status text NOT NULL CHECK (status IN ('pending', 'active', 'resolved')),
    opened_at timestamptz NOT NULL,
    last_message_at timestamptz NOT NULL,
    resolved_at timestamptz,
    version bigint NOT NULL DEFAULT 1,
    CHECK ((status = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK (opened_at <= last_message_at AND last_message_at <= resolved_at)
);

-- One open session a player.
CREATE UNIQUE INDEX chat_sessions_one_open ON chat_sessions (player_id) WHERE resolved_at IS NULL;

-- A resolution ends one session, and a late message finds its session by it.
CREATE UNIQUE INDEX chat_sessions_resolved ON chat_sessions (player_id, resolved_at);

CREATE TABLE chat_messages (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES chat_sessions,
    player_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    sender_type text NOT NULL CHECK (sender_type IN ('player', 'staff')),
    sender_id text,
    sender_name text,
    content text NOT NULL CHECK (char_length(content) BETWEEN 1 AND 4000),
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now()
);

-- What a client has not seen: pages by `seq`.
CREATE UNIQUE INDEX chat_messages_seq ON chat_messages (player_id, seq);

-- The order of a conversation: pages by (`accepted_at`, `id`).
CREATE INDEX chat_messages_order ON chat_messages (player_id, accepted_at, id);

-- What staff asked for, whether or not there was a session to do it to: a message that is processed
-- after its session was resolved, though it was accepted before, finds the resolution here.
CREATE TABLE chat_status_changes (
    id uuid PRIMARY KEY,
    player_id text COLLATE "C" NOT NULL REFERENCES chat_conversations,
    status text NOT NULL CHECK (status IN ('active', 'resolved')),
    accepted_at timestamptz NOT NULL,
    persisted_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX chat_status_changes_order ON chat_status_changes (player_id, accepted_at);

-- The staff's inbox: pages by (`last_message_at`, `player_id`) of one status.
CREATE INDEX chat_conversations_inbox ON chat_conversations (status, last_message_at, player_id);
