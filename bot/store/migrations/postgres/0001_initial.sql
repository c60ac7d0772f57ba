-- One user key per guild member, sealed. A row without a key says that one was asked for and not yet received.
CREATE TABLE keys (
    guild_id   BIGINT NOT NULL,
    member_id  BIGINT NOT NULL,
    sealed     BYTEA,
    hint       TEXT    NOT NULL DEFAULT '',
    tier       TEXT    NOT NULL CHECK (tier IN ('free', 'plus', 'none')),
    expires_at BIGINT,
    PRIMARY KEY (guild_id, member_id)
);

-- What a guild's admins said about a role. 'none' takes back what the settings grant it.
CREATE TABLE role_tiers (
    guild_id BIGINT NOT NULL,
    role_id  BIGINT NOT NULL,
    tier     TEXT    NOT NULL CHECK (tier IN ('free', 'plus', 'none')),
    PRIMARY KEY (guild_id, role_id)
);

-- A thread (or a direct message channel) and the conversation it holds; none before the first answer began.
CREATE TABLE threads (
    channel_id      BIGINT PRIMARY KEY,
    guild_id        BIGINT NOT NULL,
    owner_id        BIGINT NOT NULL,
    conversation_id TEXT,
    renamed         BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX threads_by_conversation ON threads (conversation_id);

-- Answers given outside a thread, so that a reply to one goes on with its conversation.
CREATE TABLE answers (
    message_id      BIGINT PRIMARY KEY,
    channel_id      BIGINT NOT NULL,
    guild_id        BIGINT NOT NULL,
    owner_id        BIGINT NOT NULL,
    conversation_id TEXT    NOT NULL
);

-- Messages that are still growing. What is left here at start-up was cut off.
CREATE TABLE in_flight (
    message_id BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL
);
