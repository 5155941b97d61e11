-- A role for each process, as deploy/database/users.sql makes them beforehand: chat_owner owns the tables, chat_writer
-- writes to them (the persister), chat_reader reads (the gateway). A user that migrates and may create roles makes those
-- that are missing, without a login: an operator grants them to users that have one. Roles belong to all databases of a
-- server, several of which may be migrated at once.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['chat_owner', 'chat_writer', 'chat_reader'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the role % does not exist, and % lacks CREATEROLE to create it: '
                    'run deploy/database/users.sql as a superuser first', wanted, current_user;
        END;
    END LOOP;
END
$$;

DO $$
DECLARE
    place text := current_schema();
    thing record;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO chat_writer, chat_reader', place);
    FOR thing IN SELECT tablename FROM pg_tables WHERE schemaname = place AND tablename LIKE 'chat\_%' LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO chat_writer', place, thing.tablename);
        EXECUTE format('GRANT SELECT ON %I.%I TO chat_reader', place, thing.tablename);
    END LOOP;
    FOR thing IN SELECT sequencename FROM pg_sequences WHERE schemaname = place AND sequencename LIKE 'chat\_%' LOOP
        EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I.%I TO chat_writer', place, thing.sequencename);
    END LOOP;
    -- What later migrations make.
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chat_writer', place
    );
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO chat_writer', place);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO chat_reader', place);
    -- The record of what staff did is added to by the persister, and changed or shortened by the owner alone.
    IF to_regclass(format('%I.chat_audit', place)) IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON %I.chat_audit FROM chat_writer, chat_reader', place);
        EXECUTE format('GRANT SELECT, INSERT ON %I.chat_audit TO chat_writer', place);
    END IF;
END
$$;
