-- name: get_guild_settings(guild_id)^
SELECT guild_id, place, elsewhere, system_prompt, notice, readable_since, audit_channel_id FROM guild_settings
WHERE guild_id = :guild_id;

-- name: put_guild_settings(guild_id, place, elsewhere, system_prompt, notice, readable_since, audit_channel_id)!
INSERT INTO guild_settings (guild_id, place, elsewhere, system_prompt, notice, readable_since, audit_channel_id)
VALUES (:guild_id, :place, :elsewhere, :system_prompt, :notice, :readable_since, :audit_channel_id)
ON CONFLICT (guild_id) DO UPDATE
SET place = excluded.place, elsewhere = excluded.elsewhere, system_prompt = excluded.system_prompt, notice = excluded.notice,
    readable_since = excluded.readable_since, audit_channel_id = excluded.audit_channel_id;

-- name: delete_guild_settings(guild_id)!
DELETE FROM guild_settings WHERE guild_id = :guild_id;

-- name: channel_settings(guild_id)
SELECT channel_id, answers, system_prompt, tier FROM channel_settings WHERE guild_id = :guild_id ORDER BY channel_id;

-- name: put_channel_settings(guild_id, channel_id, answers, system_prompt, tier)!
INSERT INTO channel_settings (guild_id, channel_id, answers, system_prompt, tier)
VALUES (:guild_id, :channel_id, :answers, :system_prompt, :tier)
ON CONFLICT (guild_id, channel_id) DO UPDATE
SET answers = excluded.answers, system_prompt = excluded.system_prompt, tier = excluded.tier;

-- name: delete_channel_settings(guild_id, channel_id)!
DELETE FROM channel_settings WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: delete_all_channel_settings(guild_id)!
DELETE FROM channel_settings WHERE guild_id = :guild_id;
