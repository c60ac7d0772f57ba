-- Who is signed in with a browser, and by which key: a session ends with its key. Of a session's name only the hash.
CREATE TABLE sessions (
    hash BYTEA PRIMARY KEY,
    key_id BIGINT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_of_key ON sessions (key_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
