ALTER TABLE chat_archived_messages
    DROP CONSTRAINT chat_archived_messages_pkey,
    ADD CONSTRAINT chat_archived_messages_pkey PRIMARY KEY USING INDEX chat_archived_messages_key;
