-- Twenty messages a player. A plan that expects one reads all messages of a player to find one of them by its id.
ALTER TABLE chat_messages ALTER COLUMN player_id SET (n_distinct = -0.05);
