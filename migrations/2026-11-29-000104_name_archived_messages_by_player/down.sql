ALTER TABLE chat_archived_messages
    DROP CONSTRAINT chat_archived_messages_pkey,
    ADD CONSTRAINT chat_archived_messages_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX chat_archived_messages_key ON chat_archived_messages (player_id, id);
