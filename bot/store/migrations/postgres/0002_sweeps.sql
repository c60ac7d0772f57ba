-- What the gateway said of its users at the last comparison. Kept here so that comparing takes no memory.
CREATE TABLE census (
    guild_id   BIGINT NOT NULL,
    member_id  BIGINT NOT NULL,
    hint       TEXT    NOT NULL,
    plus       BOOLEAN NOT NULL,
    disabled   BOOLEAN NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (guild_id, member_id)
);

-- Who does what only one process may do at a time, and until when. Times in seconds since 1970, UTC.
CREATE TABLE turns (
    name   TEXT    NOT NULL PRIMARY KEY,
    holder TEXT    NOT NULL,
    until  BIGINT NOT NULL
);

-- The last report of each kind, as JSON.
CREATE TABLE reports (
    name   TEXT NOT NULL PRIMARY KEY,
    report TEXT NOT NULL
);

-- Keys being made for a whole role, and the last time that was done. `last_id` is the last member looked at.
CREATE TABLE batches (
    guild_id    BIGINT NOT NULL,
    role_id     BIGINT NOT NULL,
    last_id     BIGINT NOT NULL DEFAULT 0,
    made        BIGINT NOT NULL DEFAULT 0,
    had         BIGINT NOT NULL DEFAULT 0,
    no_access   BIGINT NOT NULL DEFAULT 0,
    finished    BOOLEAN NOT NULL,
    PRIMARY KEY (guild_id, role_id)
);

CREATE INDEX keys_by_member ON keys (member_id);
