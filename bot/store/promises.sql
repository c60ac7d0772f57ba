-- name: put_promise(id, channel_id, by_message, shards)!
INSERT INTO promises (id, channel_id, by_message, shards) VALUES (:id, :channel_id, :by_message, :shards)
ON CONFLICT (id) DO NOTHING;

-- name: delete_promise(id)!
DELETE FROM promises WHERE id = :id;

-- name: all_promises()
SELECT id, channel_id, by_message, shards FROM promises ORDER BY id;
