-- name: note!
INSERT INTO audit (
    at, reader_id, reader_name, reader_role, action, scope, owner_id, owner_name, client_id, client_name,
    conversation_id, request_id
)
VALUES (
    :at, :reader_id, :reader_name, :reader_role, :action, :scope, :owner_id, :owner_name, :client_id, :client_name,
    :conversation_id, :request_id
);

-- The log is read from its newest line on, whatever is looked for.
-- name: page_of_all
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM audit AS a
WHERE id < :before
    AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
    AND (CAST(:subject AS TEXT) IS NULL OR owner_name = CAST(:subject AS TEXT))
    AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
    AND at >= :first AND at < :end
ORDER BY id DESC
LIMIT :limit;

-- name: page_of_client
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM audit AS a
WHERE id < :before AND at >= :since AND (client_id = :client_id OR scope = 'everybody')
    AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
    AND (CAST(:subject AS TEXT) IS NULL OR owner_name = CAST(:subject AS TEXT))
    AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
    AND at >= :first AND at < :end
ORDER BY id DESC
LIMIT :limit;

-- name: page_of_user
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM audit AS a
WHERE id < :before AND at >= :since
    AND (owner_id = :owner_id OR (scope = 'client' AND client_id = :client_id) OR scope = 'everybody')
    AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
    AND (CAST(:subject AS TEXT) IS NULL OR owner_name = CAST(:subject AS TEXT))
    AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
    AND at >= :first AND at < :end
ORDER BY id DESC
LIMIT :limit;
