ALTER TABLE chat_messages
    ADD CONSTRAINT chat_messages_session
    FOREIGN KEY (player_id, session_id) REFERENCES chat_sessions (player_id, id) NOT VALID;
