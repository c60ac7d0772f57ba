-- Whether the gateway knows that the conversation goes on in this thread.
ALTER TABLE threads ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX threads_unlinked ON threads (channel_id) WHERE linked = 0;
