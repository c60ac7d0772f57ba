-- name: keep!
-- Where it is there already its row is locked all the same, so that nobody takes it away meanwhile.
INSERT INTO attachments (hash, size, tokens, data) VALUES (:hash, :size, :tokens, :data)
ON CONFLICT (hash) DO UPDATE SET size = excluded.size WHERE attachments.size <> excluded.size;

-- name: attach!
INSERT INTO message_attachments (message_id, position, hash, name, content_type)
VALUES (:message_id, :position, :hash, :name, :content_type);

-- name: of_conversation
SELECT f.message_id, f.name, f.content_type, a.hash, a.size, a.tokens
FROM messages AS m
JOIN message_attachments AS f ON f.message_id = m.id
JOIN attachments AS a ON a.hash = f.hash
WHERE m.conversation_id = :id
ORDER BY m.seq, f.position;

-- name: in_conversation^
SELECT f.name, f.content_type, a.hash, a.size, a.tokens, a.data
FROM messages AS m
JOIN message_attachments AS f ON f.message_id = m.id
JOIN attachments AS a ON a.hash = f.hash
WHERE m.conversation_id = :id AND f.hash = :hash
ORDER BY m.seq, f.position
LIMIT 1;

-- name: data_of^
SELECT data FROM attachments WHERE hash = :hash;

-- name: copy!
INSERT INTO message_attachments (message_id, position, hash, name, content_type)
SELECT CAST(:message_id AS TEXT), position, hash, name, content_type
FROM message_attachments
WHERE message_id = :original_id;
