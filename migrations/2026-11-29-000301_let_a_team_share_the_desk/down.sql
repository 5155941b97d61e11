ALTER TABLE chat_audit
    DROP CONSTRAINT chat_audit_action_check,
    ADD CONSTRAINT chat_audit_action_check CHECK (action IN ('taken', 'resolved', 'read')) NOT VALID;
DROP TABLE chat_canned_replies, chat_staff, chat_notes, chat_session_changes, chat_assignments;
ALTER TABLE chat_conversations DROP COLUMN desk_changed_at;
ALTER TABLE chat_sessions
    DROP COLUMN assignee_id,
    DROP COLUMN assignee_name,
    DROP COLUMN assigned_at,
    DROP COLUMN team,
    DROP COLUMN tags,
    DROP COLUMN priority,
    DROP COLUMN language;
