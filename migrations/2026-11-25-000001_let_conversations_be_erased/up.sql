-- Messages that were accepted at or before this time are erased, whether they are here by then or
-- arrive later.
ALTER TABLE chat_conversations ADD COLUMN erased_through timestamptz;

-- An erased message says nothing, and not who said it.
ALTER TABLE chat_messages
    DROP CONSTRAINT chat_messages_content_check,
    ADD CONSTRAINT chat_messages_content CHECK (
        char_length(content) BETWEEN 1 AND 4000 OR content = '' AND sender_name IS NULL
    ) NOT VALID;
