-- Members who may follow up in somebody else's conversation. The gateway decides; this says whose messages to answer.
CREATE TABLE guests (
    conversation_id TEXT    NOT NULL,
    member_id       BIGINT NOT NULL,
    guild_id        BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, member_id)
);
