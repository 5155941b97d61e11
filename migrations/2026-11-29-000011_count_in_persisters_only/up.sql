-- The persister of the release before writes the counts itself.
DROP TRIGGER chat_conversations_recount ON chat_conversations;
DROP FUNCTION chat_recount;
