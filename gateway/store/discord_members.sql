-- name: users_of
SELECT p.*
FROM people AS p
JOIN principals AS c ON c.id = p.client_id
WHERE ltrim(p.name, '0123456789') = ':' || CAST(:member_id AS TEXT) AND p.role = 'user' AND p.deleted_at IS NULL
    AND c.role = 'client' AND c.client_id IS NULL AND c.deleted_at IS NULL
ORDER BY p.last_used_at DESC, p.id;
