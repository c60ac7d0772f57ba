-- name: put_entitlement(id, sku_id, user_id, guild_id, ends_at, seen_at)!
INSERT INTO entitlements (id, sku_id, user_id, guild_id, ends_at, seen_at)
VALUES (:id, :sku_id, :user_id, :guild_id, :ends_at, :seen_at)
ON CONFLICT (id) DO UPDATE
SET sku_id = excluded.sku_id, user_id = excluded.user_id, guild_id = excluded.guild_id, ends_at = excluded.ends_at,
    seen_at = excluded.seen_at;

-- name: entitlements_of(user_id, guild_id)
SELECT id, sku_id, user_id, guild_id, ends_at FROM entitlements
WHERE user_id = :user_id OR guild_id = :guild_id ORDER BY id;

-- name: entitlements_of_users_between(first_id, last_id)
SELECT id, sku_id, user_id, guild_id, ends_at FROM entitlements WHERE user_id BETWEEN :first_id AND :last_id;

-- name: entitlements_of_guild(guild_id)
SELECT id, sku_id, user_id, guild_id, ends_at FROM entitlements WHERE guild_id = :guild_id;

-- name: delete_entitlement(id)!
DELETE FROM entitlements WHERE id = :id;

-- name: delete_entitlements_not_seen_since(seen_at)!
DELETE FROM entitlements WHERE seen_at < :seen_at;

-- name: delete_user_entitlements(user_id)!
DELETE FROM entitlements WHERE user_id = :user_id;

-- name: delete_guild_entitlements(guild_id)!
DELETE FROM entitlements WHERE guild_id = :guild_id;
