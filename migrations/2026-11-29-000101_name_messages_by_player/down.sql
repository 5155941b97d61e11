ALTER TABLE chat_messages
    DROP CONSTRAINT chat_messages_pkey,
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX chat_messages_key ON chat_messages (player_id, id);
ALTER TABLE chat_messages
    ADD CONSTRAINT chat_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES chat_sessions (id);
