-- What admins chose for their server; what is NULL or empty is as the settings say.
-- `readable_since` is when the notice began to say that admins may search, in seconds since 1970, UTC; NULL: it does not.
CREATE TABLE guild_settings (
    guild_id         INTEGER NOT NULL PRIMARY KEY,
    place            TEXT CHECK (place IN ('thread', 'channel')),
    system_prompt    TEXT    NOT NULL DEFAULT '',
    notice           TEXT    NOT NULL DEFAULT '',
    readable_since   INTEGER,
    audit_channel_id INTEGER
) WITHOUT ROWID;

-- What they chose for one channel or category. Where `answers` is set in none of a guild's, all may be answered in.
CREATE TABLE channel_settings (
    guild_id      INTEGER NOT NULL,
    channel_id    INTEGER NOT NULL,
    answers       INTEGER NOT NULL DEFAULT 0,
    system_prompt TEXT    NOT NULL DEFAULT '',
    tier          TEXT CHECK (tier IN ('free', 'plus')),
    PRIMARY KEY (guild_id, channel_id)
) WITHOUT ROWID;

-- Members whom an admin blocked, whatever their roles give.
CREATE TABLE blocks (
    guild_id  INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    PRIMARY KEY (guild_id, member_id)
) WITHOUT ROWID;

-- Which admin searched a member's conversations, for which words. `at` in milliseconds since 1970, UTC.
CREATE TABLE readings (
    guild_id  INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    admin_id  INTEGER NOT NULL,
    words     TEXT    NOT NULL,
    PRIMARY KEY (guild_id, member_id, at, admin_id)
) WITHOUT ROWID;
