-- name: key_of^
SELECT id FROM keys WHERE hash = :hash;

-- name: live_key_of^
SELECT
    p.*, k.id AS key_id, k.expires_at AS this_expires_at, k.revoked_at AS this_revoked_at,
    c.disabled AS client_disabled, c.deleted_at AS client_deleted_at
FROM keys AS k
JOIN people AS p ON p.id = k.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE k.principal_id = :principal_id AND k.revoked_at IS NULL;

-- name: begin!
INSERT INTO sessions (hash, key_id, created_at, expires_at) VALUES (:hash, :key_id, :at, :expires_at);

-- name: holder_of^
SELECT
    p.*, k.expires_at AS this_expires_at, k.revoked_at AS this_revoked_at,
    c.disabled AS client_disabled, c.deleted_at AS client_deleted_at
FROM sessions AS s
JOIN keys AS k ON k.id = s.key_id
JOIN people AS p ON p.id = k.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE s.hash = :hash AND s.expires_at > :at;

-- name: end!
DELETE FROM sessions WHERE hash = :hash;

-- name: end_all!
DELETE FROM sessions WHERE key_id IN (SELECT id FROM keys WHERE principal_id = :principal_id);

-- name: forget_expired!
DELETE FROM sessions WHERE expires_at <= :at;

-- name: forget_oldest!
-- But for so many of a key, the newest.
DELETE FROM sessions
WHERE hash IN (
    SELECT hash FROM sessions WHERE key_id = :key_id ORDER BY created_at DESC, hash LIMIT 1000 OFFSET :most
);
