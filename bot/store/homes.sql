-- name: get_home(member_id)^
SELECT guild_id FROM homes WHERE member_id = :member_id;

-- name: put_home(member_id, guild_id)!
INSERT INTO homes (member_id, guild_id) VALUES (:member_id, :guild_id)
ON CONFLICT (member_id) DO UPDATE SET guild_id = excluded.guild_id;

-- name: delete_guild_homes(guild_id)!
DELETE FROM homes WHERE guild_id = :guild_id;
