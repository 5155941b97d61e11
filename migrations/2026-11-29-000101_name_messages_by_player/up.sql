-- A message is (`player_id`, `id`), and no key is without `player_id`: so the tables can be distributed by it.
ALTER TABLE chat_messages
    DROP CONSTRAINT chat_messages_session_id_fkey,
    DROP CONSTRAINT chat_messages_pkey,
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY USING INDEX chat_messages_key;
