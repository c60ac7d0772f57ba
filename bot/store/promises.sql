-- name: put_promise(id, channel_id, by_message, shards, member_id, asked)!
INSERT INTO promises (id, channel_id, by_message, shards, member_id, asked)
VALUES (:id, :channel_id, :by_message, :shards, :member_id, :asked)
ON CONFLICT (id) DO NOTHING;

-- name: move_promise(id, channel_id, card_id)!
UPDATE promises SET channel_id = :channel_id, card_id = :card_id WHERE id = :id;

-- name: delete_promise(id)!
DELETE FROM promises WHERE id = :id;

-- name: all_promises()
SELECT id, channel_id, by_message, shards, member_id, card_id, asked FROM promises WHERE kept_until IS NULL ORDER BY id;

-- name: keep_question(id, kept_until)!
UPDATE promises SET kept_until = :kept_until WHERE id = :id;

-- name: kept_question(id, now)^
SELECT id, channel_id, by_message, shards, member_id, card_id, asked FROM promises
WHERE id = :id AND kept_until > :now;

-- name: delete_old_questions(now)!
DELETE FROM promises WHERE kept_until <= :now;
