-- What was bought on Discord and gives plus, as Discord last told: to one user everywhere, or to all of one guild.
-- Times since 1970, UTC: the end in seconds, when it was last seen in milliseconds.
CREATE TABLE entitlements (
    id       INTEGER PRIMARY KEY,
    sku_id   INTEGER NOT NULL,
    user_id  INTEGER,
    guild_id INTEGER,
    ends_at  INTEGER,
    seen_at  INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (guild_id IS NULL))
);
CREATE INDEX entitlements_by_user ON entitlements (user_id);
CREATE INDEX entitlements_by_guild ON entitlements (guild_id);
