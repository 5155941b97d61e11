-- Gives the chat's users the settings that the services ask for on each connection, in the current
-- database: a pooler such as PgBouncer ignores them there. Run it as a superuser, with DATABASE_TIMEOUT of
-- the services in milliseconds unless that is 5 s, and reconnect the pooler afterwards. It may be run again:
--   PGOPTIONS="-c chat.database_timeout=5000" psql --file pooler.sql
DO $$
DECLARE
    timeout int := coalesce(nullif(current_setting('chat.database_timeout', true), ''), '5000');
    wanted text[];
BEGIN
    FOREACH wanted SLICE 1 IN ARRAY ARRAY[
        ['chat_reader', 'synchronous_commit', 'on'],
        ['chat_reader', 'statement_timeout', timeout::text],
        ['chat_reader', 'idle_in_transaction_session_timeout', timeout::text],
        ['chat_reader', 'random_page_cost', '1.1'],
        ['chat_reader', 'max_parallel_workers_per_gather', '0'],
        ['chat_writer', 'synchronous_commit', 'on'],
        ['chat_writer', 'statement_timeout', timeout::text],
        ['chat_writer', 'idle_in_transaction_session_timeout', timeout::text],
        ['chat_writer', 'lock_timeout', greatest(timeout / 5, 1)::text],
        ['chat_writer', 'enable_seqscan', 'off'],
        ['chat_writer', 'enable_hashjoin', 'off'],
        ['chat_writer', 'enable_mergejoin', 'off'],
        ['chat_writer', 'jit', 'off']
    ] LOOP
        EXECUTE format(
            'ALTER ROLE %I IN DATABASE %I SET %I = %L',
            wanted[1], current_database(), wanted[2], wanted[3]
        );
    END LOOP;
END
$$;
