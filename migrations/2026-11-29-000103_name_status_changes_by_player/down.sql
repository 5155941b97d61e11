ALTER TABLE chat_status_changes
    DROP CONSTRAINT chat_status_changes_pkey,
    ADD CONSTRAINT chat_status_changes_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX chat_status_changes_key ON chat_status_changes (player_id, id);
