-- name: put_promise(id, channel_id, by_message)!
INSERT INTO promises (id, channel_id, by_message) VALUES (:id, :channel_id, :by_message) ON CONFLICT (id) DO NOTHING;

-- name: delete_promise(id)!
DELETE FROM promises WHERE id = :id;

-- name: all_promises()
SELECT id, channel_id, by_message FROM promises ORDER BY id;
