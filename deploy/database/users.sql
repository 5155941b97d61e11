-- Creates the three users of the chat, or sets their passwords, and grants them access to the current
-- database: chat_owner migrates, chat_writer is the persister's, chat_reader the gateway's. Run it as a
-- superuser, with the passwords as settings of the connection. It may be run again:
--   PGOPTIONS="-c chat.owner_password=… -c chat.writer_password=… -c chat.reader_password=…" psql --file users.sql
-- The migrations grant the rights of chat_writer and chat_reader on the tables.
DO $$
DECLARE
    kind text;
    name text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['owner', 'writer', 'reader'] LOOP
        name := 'chat_' || kind;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format(
            'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
            name, current_setting('chat.' || kind || '_password')
        );
    END LOOP;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO chat_owner, chat_writer, chat_reader', current_database());
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO chat_owner;
GRANT USAGE ON SCHEMA public TO chat_writer, chat_reader;

-- Tables that were created by another user.
DO $$
DECLARE
    thing regclass;
BEGIN
    FOR thing IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner <> 'chat_owner'::regrole
            AND (relname LIKE 'chat\_%' OR relname = '__diesel_schema_migrations')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO chat_owner', thing);
    END LOOP;
END
$$;

-- Tables and sequences that chat_owner will create.
ALTER DEFAULT PRIVILEGES FOR ROLE chat_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chat_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE chat_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO chat_writer;
ALTER DEFAULT PRIVILEGES FOR ROLE chat_owner IN SCHEMA public
    GRANT SELECT ON TABLES TO chat_reader;
