-- name: put_guest(conversation_id, member_id, guild_id)!
INSERT INTO guests (conversation_id, member_id, guild_id) VALUES (:conversation_id, :member_id, :guild_id)
ON CONFLICT (conversation_id, member_id) DO NOTHING;

-- name: get_guest(conversation_id, member_id)^
SELECT member_id FROM guests WHERE conversation_id = :conversation_id AND member_id = :member_id;

-- name: guests_of(conversation_id)
SELECT member_id FROM guests WHERE conversation_id = :conversation_id ORDER BY member_id;

-- name: delete_guest(conversation_id, member_id)!
DELETE FROM guests WHERE conversation_id = :conversation_id AND member_id = :member_id;

-- name: delete_guests_of(conversation_id)!
DELETE FROM guests WHERE conversation_id = :conversation_id;

-- name: delete_guild_guests(guild_id)!
DELETE FROM guests WHERE guild_id = :guild_id;
