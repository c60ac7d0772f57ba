-- name: erase_unused!
DELETE FROM conversations
WHERE updated_at < :before
    AND id IN (SELECT id FROM conversations WHERE updated_at < :before ORDER BY updated_at LIMIT :limit);
