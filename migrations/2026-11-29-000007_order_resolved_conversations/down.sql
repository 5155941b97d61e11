DROP TRIGGER chat_conversations_order ON chat_conversations;
DROP FUNCTION chat_order_resolved;
ALTER TABLE chat_sessions
    RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE chat_conversations
    RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE chat_conversations DROP COLUMN inbox_at;
