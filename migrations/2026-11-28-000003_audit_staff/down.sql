DROP TABLE chat_audit;
DROP FUNCTION chat_audit_is_append_only;
