-- One user key per guild member, sealed. A row without a key says that one was asked for and not yet received.
CREATE TABLE keys (
    guild_id   INTEGER NOT NULL,
    member_id  INTEGER NOT NULL,
    sealed     BLOB,
    hint       TEXT    NOT NULL DEFAULT '',
    tier       TEXT    NOT NULL CHECK (tier IN ('free', 'plus', 'none')),
    expires_at INTEGER,
    PRIMARY KEY (guild_id, member_id)
) WITHOUT ROWID;

-- What a guild's admins said about a role. 'none' takes back what the settings grant it.
CREATE TABLE role_tiers (
    guild_id INTEGER NOT NULL,
    role_id  INTEGER NOT NULL,
    tier     TEXT    NOT NULL CHECK (tier IN ('free', 'plus', 'none')),
    PRIMARY KEY (guild_id, role_id)
) WITHOUT ROWID;

-- A thread (or a direct message channel) and the conversation it holds; none before the first answer began.
CREATE TABLE threads (
    channel_id      INTEGER PRIMARY KEY,
    guild_id        INTEGER NOT NULL,
    owner_id        INTEGER NOT NULL,
    conversation_id TEXT,
    renamed         INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX threads_by_conversation ON threads (conversation_id);

-- Answers given outside a thread, so that a reply to one goes on with its conversation.
CREATE TABLE answers (
    message_id      INTEGER PRIMARY KEY,
    channel_id      INTEGER NOT NULL,
    guild_id        INTEGER NOT NULL,
    owner_id        INTEGER NOT NULL,
    conversation_id TEXT    NOT NULL
);

-- Messages that are still growing. What is left here at start-up was cut off.
CREATE TABLE in_flight (
    message_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL
);
