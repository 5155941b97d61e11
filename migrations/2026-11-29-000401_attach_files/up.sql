-- A message's files, as an array of their descriptions: their bytes are in the gateways' store. Null for a message
-- without files and for an erased one, so that neither has a larger row than before.
ALTER TABLE chat_messages ADD COLUMN attachments jsonb;

-- Which files archived messages have, so that `gateway attachments sweep` keeps them. Null where there are none.
ALTER TABLE chat_archived_messages ADD COLUMN attachment_ids uuid[];
