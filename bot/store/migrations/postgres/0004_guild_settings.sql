-- What admins chose for their server; what is NULL or empty is as the settings say.
-- `readable_since` is when the notice began to say that admins may search, in seconds since 1970, UTC; NULL: it does not.
CREATE TABLE guild_settings (
    guild_id         BIGINT NOT NULL PRIMARY KEY,
    place            TEXT CHECK (place IN ('thread', 'channel')),
    system_prompt    TEXT    NOT NULL DEFAULT '',
    notice           TEXT    NOT NULL DEFAULT '',
    readable_since   BIGINT,
    audit_channel_id BIGINT
);

-- What they chose for one channel or category. Where `answers` is set in none of a guild's, all may be answered in.
CREATE TABLE channel_settings (
    guild_id      BIGINT NOT NULL,
    channel_id    BIGINT NOT NULL,
    answers       BOOLEAN NOT NULL DEFAULT FALSE,
    system_prompt TEXT    NOT NULL DEFAULT '',
    tier          TEXT CHECK (tier IN ('free', 'plus')),
    PRIMARY KEY (guild_id, channel_id)
);

-- Members whom an admin blocked, whatever their roles give.
CREATE TABLE blocks (
    guild_id  BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    PRIMARY KEY (guild_id, member_id)
);

-- Which admin searched a member's conversations, for which words. `at` in milliseconds since 1970, UTC.
CREATE TABLE readings (
    guild_id  BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    admin_id  BIGINT NOT NULL,
    words     TEXT    NOT NULL,
    PRIMARY KEY (guild_id, member_id, at, admin_id)
);
