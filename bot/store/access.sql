-- name: role_tiers(guild_id)
SELECT role_id, tier FROM role_tiers WHERE guild_id = :guild_id;

-- name: put_role_tier(guild_id, role_id, tier)!
INSERT INTO role_tiers (guild_id, role_id, tier) VALUES (:guild_id, :role_id, :tier)
ON CONFLICT (guild_id, role_id) DO UPDATE SET tier = excluded.tier;

-- name: delete_role_tier(guild_id, role_id)!
DELETE FROM role_tiers WHERE guild_id = :guild_id AND role_id = :role_id;

-- name: delete_guild_role_tiers(guild_id)!
DELETE FROM role_tiers WHERE guild_id = :guild_id;
