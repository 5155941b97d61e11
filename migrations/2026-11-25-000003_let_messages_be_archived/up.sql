-- Messages that were accepted until this time may be in archives. Null while none is.
ALTER TABLE chat_conversations ADD COLUMN archived_through timestamptz;

-- Which ids archived messages have, for as long as whoever sends one of them again is to be told from
-- whoever sends something new.
CREATE TABLE chat_archived_messages (
    id uuid PRIMARY KEY,
    player_id text COLLATE "C" NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now()
);

-- Those that are to be forgotten.
CREATE INDEX chat_archived_messages_age ON chat_archived_messages (archived_at);
