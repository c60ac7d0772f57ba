-- What was bought on Discord and gives plus, as Discord last told: to one user everywhere, or to all of one guild.
-- Times since 1970, UTC: the end in seconds, when it was last seen in milliseconds.
CREATE TABLE entitlements (
    id       BIGINT PRIMARY KEY,
    sku_id   BIGINT NOT NULL,
    user_id  BIGINT,
    guild_id BIGINT,
    ends_at  BIGINT,
    seen_at  BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (guild_id IS NULL))
);
CREATE INDEX entitlements_by_user ON entitlements (user_id);
CREATE INDEX entitlements_by_guild ON entitlements (guild_id);
