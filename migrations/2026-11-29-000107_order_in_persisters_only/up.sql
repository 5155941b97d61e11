-- The persister of the release before writes `inbox_at` itself.
DROP TRIGGER chat_conversations_order ON chat_conversations;
DROP FUNCTION chat_order_resolved;
