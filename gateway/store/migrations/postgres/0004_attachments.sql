-- What was attached to prompts, once each, by its SHA-256 in hex. Tokens are an estimate for text, and 0 for images.
CREATE TABLE attachments (
    hash TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    data BYTEA NOT NULL
);

-- The content type stands here: of text it is what the sender called it.
CREATE TABLE message_attachments (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL REFERENCES attachments (hash),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
);

CREATE INDEX message_attachments_hash ON message_attachments (hash);

-- What no message refers to any more is gone, whichever way the last of them went. The lock waits for those who attach
-- the same at this moment, so that the statement after it sees their rows.
CREATE FUNCTION let_go_of_attachment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM attachments WHERE hash = OLD.hash FOR UPDATE;
    DELETE FROM attachments
    WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM message_attachments WHERE hash = OLD.hash);
    RETURN NULL;
END
$$;

CREATE TRIGGER attachments_let_go AFTER DELETE ON message_attachments
FOR EACH ROW EXECUTE FUNCTION let_go_of_attachment();
