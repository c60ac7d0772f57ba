-- What was attached to prompts, once each, by its SHA-256 in hex. Tokens are an estimate for text, and 0 for images.
CREATE TABLE attachments (
    hash TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    data BLOB NOT NULL
);

-- The content type stands here: of text it is what the sender called it.
CREATE TABLE message_attachments (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    hash TEXT NOT NULL REFERENCES attachments (hash),
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (message_id, position)
);

CREATE INDEX message_attachments_hash ON message_attachments (hash);

-- What no message refers to any more is gone, whichever way the last of them went.
CREATE TRIGGER attachments_let_go AFTER DELETE ON message_attachments
BEGIN
    DELETE FROM attachments
    WHERE hash = OLD.hash AND NOT EXISTS (SELECT 1 FROM message_attachments WHERE hash = OLD.hash);
END;
