-- What is erased stays so, and so the old constraint cannot be validated.
ALTER TABLE chat_messages
    DROP CONSTRAINT chat_messages_content,
    ADD CONSTRAINT chat_messages_content_check CHECK (
        char_length(content) BETWEEN 1 AND 4000
    ) NOT VALID;

ALTER TABLE chat_conversations DROP COLUMN erased_through;
