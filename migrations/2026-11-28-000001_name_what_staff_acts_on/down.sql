ALTER TABLE chat_sessions DROP COLUMN actor_name, DROP COLUMN actor_id;
ALTER TABLE chat_status_changes
    DROP COLUMN effective,
    DROP COLUMN actor_name,
    DROP COLUMN actor_id,
    DROP COLUMN last_seq,
    DROP COLUMN session_id;
