-- What a browser that signs in step by step brings back, once and soon: of its name only the hash, of what it says
-- nothing that can be read here.
CREATE TABLE tickets (
    hash BYTEA PRIMARY KEY,
    purpose TEXT NOT NULL,
    browser BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX tickets_expiry ON tickets (expires_at);

-- A member of a Discord server is a user by the name "SERVER:MEMBER"; this finds all of one member.
CREATE INDEX principals_member ON principals (ltrim(name, '0123456789'));
