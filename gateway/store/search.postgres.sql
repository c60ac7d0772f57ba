-- name: message_hits
SELECT m.seq, m.id, m.role, m.content, m.created_at, m.conversation_id, c.title, p.name AS owner_name, p.username,
    k.name AS client_name
FROM messages AS m
JOIN conversations AS c ON c.id = m.conversation_id
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE search_words(m.content) @@ to_tsquery('simple', :query)
    AND m.seq < :before
    AND (CAST(:owner_id AS BIGINT) IS NULL OR c.owner_id = CAST(:owner_id AS BIGINT))
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
ORDER BY m.seq DESC
LIMIT :limit;

-- name: title_hits
SELECT c.id, c.title, c.created_at, p.name AS owner_name, p.username,
    k.name AS client_name
FROM conversations AS c
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE search_words(c.title) @@ to_tsquery('simple', :title_query)
    AND (c.created_at, c.id) < (:title_before, :title_before_id)
    AND (CAST(:owner_id AS BIGINT) IS NULL OR c.owner_id = CAST(:owner_id AS BIGINT))
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
ORDER BY c.created_at DESC, c.id DESC
LIMIT :limit;
