-- How far each reader has read a conversation. `reader` is `player` or `staff:` and the portal's id of a member of the staff.
CREATE TABLE chat_reads (
    player_id text COLLATE "C" NOT NULL,
    reader text COLLATE "C" NOT NULL CHECK (reader = 'player' OR reader LIKE 'staff:_%'),
    -- The last message that is read; 0 and no message if all of it was marked as unread. The id is null too where a mark
    -- as unread follows an archived message.
    seq bigint NOT NULL CHECK (seq >= 0),
    message_id uuid,
    -- When the last mark that had an effect was accepted, and the last one as unread.
    read_at timestamptz NOT NULL,
    unread_at timestamptz,
    PRIMARY KEY (player_id, reader)
) WITH (fillfactor = 70);
