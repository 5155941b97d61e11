-- Has the trigger count the conversations that are open, 100 in a transaction, so that no persister waits
-- for long. Of the others there is nothing to count.
DO $$
DECLARE
    uncounted text[];
BEGIN
    LOOP
        uncounted := ARRAY(
            SELECT player_id FROM chat_conversations
            WHERE status IN ('pending', 'active') AND counted_seq IS NULL
            ORDER BY player_id LIMIT 100
        );
        EXIT WHEN cardinality(uncounted) = 0;
        -- The order in which persisters lock them.
        PERFORM FROM chat_conversations
            WHERE player_id = ANY (uncounted) ORDER BY player_id FOR NO KEY UPDATE;
        UPDATE chat_conversations SET unanswered = 0 WHERE player_id = ANY (uncounted);
        COMMIT;
    END LOOP;
END
$$;
