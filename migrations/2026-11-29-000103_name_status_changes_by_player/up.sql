ALTER TABLE chat_status_changes
    DROP CONSTRAINT chat_status_changes_pkey,
    ADD CONSTRAINT chat_status_changes_pkey PRIMARY KEY USING INDEX chat_status_changes_key;
