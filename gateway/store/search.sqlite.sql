-- name: message_hits
SELECT m.seq, m.id, m.role, m.content, m.created_at, m.conversation_id, c.title, p.name AS owner_name, p.username,
    k.name AS client_name
FROM messages_fts
CROSS JOIN messages AS m ON m.seq = messages_fts.rowid
JOIN conversations AS c ON c.id = m.conversation_id
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE messages_fts MATCH :query AND messages_fts.rowid < :before
ORDER BY messages_fts.rowid DESC
LIMIT :limit;

-- name: title_hits
SELECT c.id, c.title, c.created_at, p.name AS owner_name, p.username,
    k.name AS client_name
FROM conversations_fts
CROSS JOIN conversations_fts_rows AS r ON r.seq = conversations_fts.rowid
JOIN conversations AS c ON c.id = r.conversation_id
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE conversations_fts MATCH :title_query AND (c.created_at, c.id) < (:title_before, :title_before_id)
ORDER BY c.created_at DESC, c.id DESC
LIMIT :limit;
