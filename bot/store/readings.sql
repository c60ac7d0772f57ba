-- name: put_reading(guild_id, member_id, at, admin_id, words)!
INSERT INTO readings (guild_id, member_id, at, admin_id, words)
VALUES (:guild_id, :member_id, :at, :admin_id, :words) ON CONFLICT DO NOTHING;

-- name: readings_of_member(guild_id, member_id, most)
SELECT at, admin_id, words FROM readings WHERE guild_id = :guild_id AND member_id = :member_id
ORDER BY at DESC LIMIT :most;

-- name: delete_guild_readings(guild_id)!
DELETE FROM readings WHERE guild_id = :guild_id;
