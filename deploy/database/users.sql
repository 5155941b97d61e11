-- Creates the users of the chat, or sets their passwords, and grants them access to the current database:
-- chat_owner migrates, chat_writer is the persister's, chat_reader the gateway's; chat_backup reads all tables and
-- copies the server (pg_dump, pg_basebackup), chat_monitor reads statistics and no table. Run it as a superuser, or as
-- a provider's administrator with CREATEROLE, with the passwords as settings of the connection. It may be run again:
--   PGOPTIONS="-c chat.owner_password=… -c chat.writer_password=… -c chat.reader_password=…" psql --file users.sql
-- With chat.backup_password and chat.monitor_password it creates the last two as well.
-- The migrations grant the rights of chat_writer and chat_reader on the tables.
DO $$
DECLARE
    kind text;
    name text;
BEGIN
    FOREACH kind IN ARRAY ARRAY['owner', 'writer', 'reader', 'backup', 'monitor'] LOOP
        name := 'chat_' || kind;
        CONTINUE WHEN kind IN ('backup', 'monitor')
            AND coalesce(current_setting('chat.' || kind || '_password', true), '') = '';
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', name, current_setting('chat.' || kind || '_password'));
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = name AND (rolsuper OR rolcreatedb OR rolcreaterole)) THEN
            EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE', name);
        END IF;
    END LOOP;
    -- An administrator who is no superuser needs the owner's rights below.
    IF NOT pg_has_role('chat_owner', 'USAGE') THEN
        EXECUTE format('GRANT chat_owner TO %I', current_user);
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO chat_owner, chat_writer, chat_reader', current_database());
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chat_backup') THEN
        -- For pg_basebackup. A provider that makes no superusers copies its servers itself.
        IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            ALTER ROLE chat_backup REPLICATION;
        END IF;
        GRANT pg_read_all_data TO chat_backup;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO chat_backup', current_database());
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'chat_monitor') THEN
        GRANT pg_monitor TO chat_monitor;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO chat_monitor', current_database());
    END IF;
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO chat_owner;
GRANT USAGE ON SCHEMA public TO chat_writer, chat_reader;

-- This system's tables that were created by another user. Without chat_conversations, tables of these names may be
-- V1.2's, which could not write any more.
DO $$
DECLARE
    thing regclass;
BEGIN
    IF to_regclass('public.chat_conversations') IS NULL THEN
        RETURN;
    END IF;
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
