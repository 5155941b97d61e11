-- The roles stay: other databases of the server may use them.
DO $$
DECLARE
    place text := current_schema();
BEGIN
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM chat_writer, chat_reader', place);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON SEQUENCES FROM chat_writer', place);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM chat_writer, chat_reader', place);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM chat_writer', place);
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM chat_writer, chat_reader', place);
END
$$;
