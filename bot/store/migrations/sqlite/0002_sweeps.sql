-- What the gateway said of its users at the last comparison. Kept here so that comparing takes no memory.
CREATE TABLE census (
    guild_id   INTEGER NOT NULL,
    member_id  INTEGER NOT NULL,
    hint       TEXT    NOT NULL,
    plus       INTEGER NOT NULL,
    disabled   INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (guild_id, member_id)
) WITHOUT ROWID;

-- Who does what only one process may do at a time, and until when. Times in seconds since 1970, UTC.
CREATE TABLE turns (
    name   TEXT    NOT NULL PRIMARY KEY,
    holder TEXT    NOT NULL,
    until  INTEGER NOT NULL
) WITHOUT ROWID;

-- The last report of each kind, as JSON.
CREATE TABLE reports (
    name   TEXT NOT NULL PRIMARY KEY,
    report TEXT NOT NULL
) WITHOUT ROWID;

-- Keys being made for a whole role, and the last time that was done. `last_id` is the last member looked at.
CREATE TABLE batches (
    guild_id    INTEGER NOT NULL,
    role_id     INTEGER NOT NULL,
    last_id     INTEGER NOT NULL DEFAULT 0,
    made        INTEGER NOT NULL DEFAULT 0,
    had         INTEGER NOT NULL DEFAULT 0,
    no_access   INTEGER NOT NULL DEFAULT 0,
    finished    INTEGER NOT NULL,
    PRIMARY KEY (guild_id, role_id)
) WITHOUT ROWID;

CREATE INDEX keys_by_member ON keys (member_id);
