ALTER TABLE chat_audit VALIDATE CONSTRAINT chat_audit_action_check;
