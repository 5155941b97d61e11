-- The two tables of the description, which has no constraint of one open session for each player.
CREATE TABLE IF NOT EXISTS chat_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    player_id text NOT NULL,
    player_name text,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'active', 'resolved')),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_message_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS chat_sessions_open ON chat_sessions (player_id) WHERE status <> 'resolved';

CREATE TABLE IF NOT EXISTS chat_messages (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES chat_sessions,
    player_id text NOT NULL,
    sender_type text NOT NULL CHECK (sender_type IN ('player', 'staff')),
    sender_id text,
    sender_name text,
    content text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS chat_messages_order ON chat_messages (player_id, created_at, id);
