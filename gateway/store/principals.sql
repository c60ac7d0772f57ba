-- name: holder_of^
SELECT
    p.*, k.id AS key_id, k.expires_at AS this_expires_at, k.revoked_at AS this_revoked_at,
    k.last_used_at AS this_last_used_at, c.disabled AS client_disabled, c.deleted_at AS client_deleted_at
FROM keys AS k
JOIN people AS p ON p.id = k.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE k.hash = :hash;

-- name: by_id^
SELECT * FROM people WHERE id = :id;

-- name: by_name^
SELECT * FROM people WHERE coalesce(client_id, 0) = coalesce(:client_id, 0) AND name = :name;

-- name: page_of_all
SELECT * FROM people
WHERE id > :after AND (deleted_at IS NULL OR CAST(:deleted AS BOOLEAN))
    AND substr(name, length(name) - length(CAST(:ending AS TEXT)) + 1) = CAST(:ending AS TEXT)
    AND (role = CAST(:role AS TEXT) OR CAST(:role AS TEXT) = '')
    AND (
        lower(name) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '!'
        OR lower(username) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '!'
        OR username LIKE CAST(:pattern AS TEXT) ESCAPE '!'
    )
ORDER BY id
LIMIT :limit;

-- name: page_of_client
SELECT * FROM people
WHERE client_id = :client_id AND id > :after AND (deleted_at IS NULL OR CAST(:deleted AS BOOLEAN))
    AND substr(name, length(name) - length(CAST(:ending AS TEXT)) + 1) = CAST(:ending AS TEXT)
    AND (role = CAST(:role AS TEXT) OR CAST(:role AS TEXT) = '')
    AND (
        lower(name) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '!'
        OR lower(username) LIKE lower(CAST(:pattern AS TEXT)) ESCAPE '!'
        OR username LIKE CAST(:pattern AS TEXT) ESCAPE '!'
    )
ORDER BY id
LIMIT :limit;

-- name: number_of_client$
SELECT count(*) FROM principals WHERE client_id = :client_id AND deleted_at IS NULL;

-- name: operators
SELECT * FROM people WHERE role <> 'user' AND deleted_at IS NULL ORDER BY id;

-- name: any_admin^
SELECT id FROM principals WHERE role = 'admin' LIMIT 1;

-- name: create<!
INSERT INTO principals (role, client_id, name, username, community, plus, created_at)
VALUES (:role, :client_id, :name, :username, :community, :plus, :at)
RETURNING id;

-- name: revive!
UPDATE principals SET username = :username, community = :community, plus = :plus, deleted_at = NULL WHERE id = :id;

-- name: update!
UPDATE principals
SET username = :username, community = :community, plus = :plus, disabled = :disabled
WHERE id = :id;

-- name: set_limits!
UPDATE principals SET limits = :limits WHERE id = :id;

-- name: mark_deleted!
UPDATE principals SET deleted_at = :at WHERE id = :id;

-- name: erase!
DELETE FROM principals WHERE id = :id;

-- name: add_key!
INSERT INTO keys (principal_id, hash, hint, created_at, expires_at, last_used_at)
VALUES (:principal_id, :hash, :hint, :at, :expires_at, :last_used_at);

-- name: set_expiry!
UPDATE keys SET expires_at = :expires_at WHERE principal_id = :id AND revoked_at IS NULL;

-- name: revoke_keys!
UPDATE keys SET revoked_at = :at WHERE principal_id = :id AND revoked_at IS NULL;

-- name: revoke_keys_of_users!
UPDATE keys SET revoked_at = :at
WHERE revoked_at IS NULL AND principal_id IN (SELECT id FROM principals WHERE client_id = :id);

-- name: forget_revoked!
DELETE FROM keys WHERE principal_id = :id AND revoked_at < :before;

-- name: key_used!
UPDATE keys SET last_used_at = :at WHERE id = :id;

-- name: rehash!
UPDATE keys SET hash = :hash WHERE id = :id;

-- name: rotation^
SELECT sealed_key, created_at FROM rotations
WHERE caller_id = :caller_id AND principal_id = :principal_id AND idempotency_key = :idempotency_key;

-- name: keep_rotation!
INSERT INTO rotations (caller_id, principal_id, idempotency_key, sealed_key, created_at)
VALUES (:caller_id, :principal_id, :idempotency_key, :sealed_key, :at);

-- name: forget_sealed!
UPDATE rotations SET sealed_key = NULL
WHERE sealed_key IS NOT NULL AND (created_at < :before OR principal_id = :principal_id);

-- name: forget_rotations!
DELETE FROM rotations WHERE created_at < :before;
