-- Has the triggers order the resolved conversations, and count those that were never counted, a thousand in a
-- transaction, so that no persister waits for long.
DO $$
DECLARE
    due text[];
    after text := '';
BEGIN
    LOOP
        due := ARRAY(
            SELECT player_id FROM chat_conversations WHERE player_id > after ORDER BY player_id LIMIT 1000
        );
        EXIT WHEN cardinality(due) = 0;
        after := due[cardinality(due)];
        -- The order in which persisters lock them.
        PERFORM FROM chat_conversations
            WHERE player_id = ANY (due) AND (status = 'resolved' AND inbox_at IS NULL OR counted_seq IS NULL)
            ORDER BY player_id FOR NO KEY UPDATE;
        UPDATE chat_conversations SET unanswered = unanswered
            WHERE player_id = ANY (due) AND (status = 'resolved' AND inbox_at IS NULL OR counted_seq IS NULL);
        COMMIT;
    END LOOP;
END
$$;
