-- On which server's access a member asks in direct messages, where they chose one.
CREATE TABLE homes (
    member_id BIGINT PRIMARY KEY,
    guild_id  BIGINT NOT NULL
);
