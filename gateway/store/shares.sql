-- name: grant!
INSERT INTO shares (conversation_id, guest_id, created_at) VALUES (:conversation_id, :guest_id, :at)
ON CONFLICT (conversation_id, guest_id) DO NOTHING;

-- name: take_back!
DELETE FROM shares
WHERE conversation_id = :conversation_id AND guest_id IN (
    SELECT id FROM principals WHERE name = :name AND coalesce(client_id, 0) = coalesce(CAST(:client_id AS BIGINT), 0)
);

-- name: of_conversation
SELECT p.name, s.created_at
FROM shares AS s
JOIN principals AS p ON p.id = s.guest_id
WHERE s.conversation_id = :conversation_id
ORDER BY s.created_at, p.id;
