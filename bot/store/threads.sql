-- name: get_thread(channel_id)^
SELECT channel_id, guild_id, owner_id, conversation_id, renamed FROM threads WHERE channel_id = :channel_id;

-- name: thread_of_conversation(conversation_id)^
SELECT channel_id, guild_id, owner_id, conversation_id, renamed FROM threads
WHERE conversation_id = :conversation_id ORDER BY channel_id DESC LIMIT 1;

-- name: put_thread(channel_id, guild_id, owner_id, conversation_id)!
INSERT INTO threads (channel_id, guild_id, owner_id, conversation_id)
VALUES (:channel_id, :guild_id, :owner_id, :conversation_id)
ON CONFLICT (channel_id) DO UPDATE
SET guild_id = excluded.guild_id, owner_id = excluded.owner_id, conversation_id = excluded.conversation_id,
    linked = CASE WHEN threads.conversation_id = excluded.conversation_id THEN threads.linked ELSE FALSE END;

-- name: unlinked_threads()
SELECT channel_id, guild_id, owner_id, conversation_id, renamed FROM threads
WHERE NOT linked AND conversation_id IS NOT NULL ORDER BY channel_id LIMIT 200;

-- name: mark_linked(channel_id, conversation_id)!
UPDATE threads SET linked = TRUE WHERE channel_id = :channel_id AND conversation_id = :conversation_id;

-- name: mark_renamed(channel_id)!
UPDATE threads SET renamed = TRUE WHERE channel_id = :channel_id;

-- name: delete_thread(channel_id)!
DELETE FROM threads WHERE channel_id = :channel_id;

-- name: delete_guild_threads(guild_id)!
DELETE FROM threads WHERE guild_id = :guild_id;

-- name: let_go(conversation_id)!
UPDATE threads SET conversation_id = NULL WHERE conversation_id = :conversation_id;

-- name: get_answer(message_id)^
SELECT channel_id, guild_id, owner_id, conversation_id FROM answers WHERE message_id = :message_id;

-- name: answer_of_conversation(conversation_id)^
SELECT channel_id, guild_id, owner_id, conversation_id FROM answers
WHERE conversation_id = :conversation_id ORDER BY message_id DESC LIMIT 1;

-- name: ids_of_answer(message_id)^
SELECT conversation_id, prompt_id, reply_id FROM answers WHERE message_id = :message_id;

-- name: answers_showing(id)
SELECT message_id, channel_id FROM answers WHERE prompt_id = :id OR reply_id = :id ORDER BY message_id;

-- name: replies_shown_in(conversation_id, channel_id)
SELECT reply_id AS id, MAX(message_id) AS shown FROM answers
WHERE conversation_id = :conversation_id AND channel_id = :channel_id AND reply_id IS NOT NULL
GROUP BY reply_id ORDER BY shown DESC LIMIT 10;

-- name: put_answer(message_id, channel_id, guild_id, owner_id, conversation_id, prompt_id, reply_id)!
INSERT INTO answers (message_id, channel_id, guild_id, owner_id, conversation_id, prompt_id, reply_id)
VALUES (:message_id, :channel_id, :guild_id, :owner_id, :conversation_id, :prompt_id, :reply_id)
ON CONFLICT (message_id) DO NOTHING;

-- name: delete_answer(message_id)!
DELETE FROM answers WHERE message_id = :message_id;

-- name: delete_channel_answers(channel_id)!
DELETE FROM answers WHERE channel_id = :channel_id;

-- name: delete_guild_answers(guild_id)!
DELETE FROM answers WHERE guild_id = :guild_id;

-- name: put_in_flight(message_id, channel_id, shards)!
INSERT INTO in_flight (message_id, channel_id, shards) VALUES (:message_id, :channel_id, :shards)
ON CONFLICT (message_id) DO NOTHING;

-- name: delete_in_flight(message_id)!
DELETE FROM in_flight WHERE message_id = :message_id;

-- name: all_in_flight()
SELECT message_id, channel_id, shards FROM in_flight ORDER BY message_id;
