-- name: clear_census()!
DELETE FROM census;

-- name: put_census(guild_id, member_id, hint, plus, disabled, expires_at)!
INSERT INTO census (guild_id, member_id, hint, plus, disabled, expires_at)
VALUES (:guild_id, :member_id, :hint, :plus, :disabled, :expires_at)
ON CONFLICT (guild_id, member_id) DO UPDATE
SET hint = excluded.hint, plus = excluded.plus, disabled = excluded.disabled, expires_at = excluded.expires_at;

-- name: differences_after(guild_id, member_id, page)
-- Users of the gateway without the same key in the store, or with another tier or lease.
SELECT census.guild_id, census.member_id FROM census
LEFT JOIN keys ON keys.guild_id = census.guild_id AND keys.member_id = census.member_id
WHERE (census.guild_id, census.member_id) > (:guild_id, :member_id) AND (
    keys.sealed IS NULL OR keys.hint <> census.hint
    OR COALESCE(keys.expires_at, 0) <> COALESCE(census.expires_at, 0)
    OR NOT CASE
        WHEN keys.tier = 'none' THEN census.disabled
        WHEN keys.tier = 'plus' THEN census.plus
        ELSE NOT census.plus
    END
)
ORDER BY census.guild_id, census.member_id LIMIT :page;

-- name: unknown_after(guild_id, member_id, page)
-- Keys in the store whose user the gateway did not name.
SELECT keys.guild_id, keys.member_id FROM keys
LEFT JOIN census ON census.guild_id = keys.guild_id AND census.member_id = keys.member_id
WHERE (keys.guild_id, keys.member_id) > (:guild_id, :member_id) AND census.guild_id IS NULL
ORDER BY keys.guild_id, keys.member_id LIMIT :page;

-- name: take_turn(name, holder, now, until)^
INSERT INTO turns (name, holder, until) VALUES (:name, :holder, :until)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE turns.until <= :now OR turns.holder = excluded.holder
RETURNING holder;

-- name: end_turn(name, holder)!
DELETE FROM turns WHERE name = :name AND holder = :holder;

-- name: delete_ended_turns(now)!
DELETE FROM turns WHERE until <= :now;

-- name: get_report(name)^
SELECT report FROM reports WHERE name = :name;

-- name: put_report(name, report)!
INSERT INTO reports (name, report) VALUES (:name, :report)
ON CONFLICT (name) DO UPDATE SET report = excluded.report;
