-- name: get_key^
SELECT guild_id, member_id, sealed, hint, tier, expires_at FROM keys
WHERE guild_id = :guild_id AND member_id = :member_id;

-- name: put_key!
INSERT INTO keys (guild_id, member_id, sealed, hint, tier, expires_at)
VALUES (:guild_id, :member_id, :sealed, :hint, :tier, :expires_at)
ON CONFLICT (guild_id, member_id) DO UPDATE
SET sealed = excluded.sealed, hint = excluded.hint, tier = excluded.tier, expires_at = excluded.expires_at;

-- name: delete_key!
DELETE FROM keys WHERE guild_id = :guild_id AND member_id = :member_id;

-- name: keys_after
SELECT guild_id, member_id, sealed, hint, tier, expires_at FROM keys
WHERE (guild_id, member_id) > (:guild_id, :member_id) ORDER BY guild_id, member_id LIMIT :page;

-- name: guilds_of_member
SELECT guild_id FROM keys WHERE member_id = :member_id;
