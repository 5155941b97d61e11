ALTER TABLE chat_sessions
    DROP CONSTRAINT chat_sessions_pkey,
    ADD CONSTRAINT chat_sessions_pkey PRIMARY KEY USING INDEX chat_sessions_key;
