DROP TRIGGER chat_conversations_recount ON chat_conversations;
DROP FUNCTION chat_recount;
ALTER TABLE chat_conversations
    DROP COLUMN unanswered,
    DROP COLUMN waiting_since,
    DROP COLUMN answered_at,
    DROP COLUMN counted_seq;
