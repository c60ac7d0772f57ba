-- name: get_batch(guild_id, role_id)^
SELECT guild_id, role_id, last_id, made, had, no_access, finished FROM batches
WHERE guild_id = :guild_id AND role_id = :role_id;

-- name: put_batch(guild_id, role_id, last_id, made, had, no_access, finished)!
INSERT INTO batches (guild_id, role_id, last_id, made, had, no_access, finished)
VALUES (:guild_id, :role_id, :last_id, :made, :had, :no_access, :finished)
ON CONFLICT (guild_id, role_id) DO UPDATE
SET last_id = excluded.last_id, made = excluded.made, had = excluded.had, no_access = excluded.no_access,
    finished = excluded.finished;

-- name: unfinished_batches()
SELECT guild_id, role_id, last_id, made, had, no_access, finished FROM batches
WHERE NOT finished ORDER BY guild_id, role_id;

-- name: delete_batch(guild_id, role_id)!
DELETE FROM batches WHERE guild_id = :guild_id AND role_id = :role_id;

-- name: delete_guild_batches(guild_id)!
DELETE FROM batches WHERE guild_id = :guild_id;
