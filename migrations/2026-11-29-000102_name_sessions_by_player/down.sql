-- The reference follows the key.
ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_session;
ALTER TABLE chat_sessions
    DROP CONSTRAINT chat_sessions_pkey,
    ADD CONSTRAINT chat_sessions_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX chat_sessions_key ON chat_sessions (player_id, id);
ALTER TABLE chat_messages
    ADD CONSTRAINT chat_messages_session
    FOREIGN KEY (player_id, session_id) REFERENCES chat_sessions (player_id, id);
