-- name: get_key(guild_id, member_id)^
SELECT guild_id, member_id, sealed, hint, tier, expires_at FROM keys
WHERE guild_id = :guild_id AND member_id = :member_id;

-- name: put_key(guild_id, member_id, sealed, hint, tier, expires_at)!
INSERT INTO keys (guild_id, member_id, sealed, hint, tier, expires_at)
VALUES (:guild_id, :member_id, :sealed, :hint, :tier, :expires_at)
ON CONFLICT (guild_id, member_id) DO UPDATE
SET sealed = excluded.sealed, hint = excluded.hint, tier = excluded.tier, expires_at = excluded.expires_at;

-- name: delete_key(guild_id, member_id)!
DELETE FROM keys WHERE guild_id = :guild_id AND member_id = :member_id;

-- name: keys_after(guild_id, member_id, page)
SELECT guild_id, member_id, sealed, hint, tier, expires_at FROM keys
WHERE (guild_id, member_id) > (:guild_id, :member_id) ORDER BY guild_id, member_id LIMIT :page;

-- name: guilds_of_member(member_id)
SELECT guild_id FROM keys WHERE member_id = :member_id;

-- name: guilds_with_keys()
SELECT DISTINCT guild_id FROM keys;

-- name: get_block(guild_id, member_id)^
SELECT guild_id, member_id FROM blocks WHERE guild_id = :guild_id AND member_id = :member_id;

-- name: blocked_in_guild(guild_id)
SELECT guild_id, member_id FROM blocks WHERE guild_id = :guild_id ORDER BY member_id;

-- name: put_block(guild_id, member_id)!
INSERT INTO blocks (guild_id, member_id) VALUES (:guild_id, :member_id) ON CONFLICT DO NOTHING;

-- name: delete_block(guild_id, member_id)!
DELETE FROM blocks WHERE guild_id = :guild_id AND member_id = :member_id;
