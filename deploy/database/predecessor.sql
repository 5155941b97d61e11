-- Moves V1.2's tables from the schema public to the schema v1_2, before the first migration: this system's
-- tables have the same names. V1.2 finds its tables by the search path of its user, which gets no rights on
-- this system's tables. Run it as a superuser while V1.2 is stopped, after users.sql, with the name of V1.2's
-- user as a setting of the connection. It may be run again. docs/operations/upgrades.md describes the change.
--   PGOPTIONS="-c chat.v1_2_user=…" psql --set=ON_ERROR_STOP=1 --file predecessor.sql
DO $$
DECLARE
    v1_2_user text := current_setting('chat.v1_2_user');
    name text;
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = v1_2_user) THEN
        RAISE EXCEPTION '% is a superuser and could write to all tables: give V1.2 a user of its own', v1_2_user;
    END IF;
    CREATE SCHEMA IF NOT EXISTS v1_2;
    FOREACH name IN ARRAY ARRAY['chat_sessions', 'chat_messages'] LOOP
        IF to_regclass('v1_2.' || name) IS NULL THEN
            IF to_regclass('public.chat_conversations') IS NOT NULL THEN
                RAISE EXCEPTION 'public.% is a table of this system and not of V1.2', name;
            END IF;
            EXECUTE format('ALTER TABLE public.%I SET SCHEMA v1_2', name);
        END IF;
        EXECUTE format('ALTER TABLE v1_2.%I OWNER TO %I', name, v1_2_user);
        -- For `persister predecessor`.
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON v1_2.%I TO chat_writer', name);
    END LOOP;
    GRANT USAGE ON SCHEMA v1_2 TO chat_writer;
    -- V1.2 creates its tables at start if they are missing.
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA v1_2 TO %I', v1_2_user);
    -- Before public, which may have other tables of the portal.
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = v1_2, public', v1_2_user, current_database());
END
$$;
