ALTER TABLE chat_messages ALTER COLUMN player_id RESET (n_distinct);
