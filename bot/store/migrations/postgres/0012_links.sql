-- Whether the gateway knows that the conversation goes on in this thread.
ALTER TABLE threads ADD COLUMN linked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX threads_unlinked ON threads (channel_id) WHERE NOT linked;
