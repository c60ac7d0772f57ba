-- name: note!
INSERT INTO audit (
    at, reader_id, reader_name, reader_role, action, scope, owner_id, owner_name, client_id, client_name,
    conversation_id, request_id
)
VALUES (
    :at, :reader_id, :reader_name, :reader_role, :action, :scope, :owner_id, :owner_name, :client_id, :client_name,
    :conversation_id, :request_id
);

-- What is about somebody is put together from parts of which each has an index, newest first; of each the page is enough.
-- Which reader, action and days are looked for only passes over lines: that is a second for a million of them.
-- name: page_of_all
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM (
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND owner_name = CAST(:subject AS TEXT)
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_1
    UNION ALL
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND CAST(:subject AS TEXT) IS NULL
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_2
) AS a
ORDER BY a.id DESC
LIMIT :limit;

-- name: page_of_client
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM (
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND client_id = :client_id AND owner_name = CAST(:subject AS TEXT)
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_1
    UNION ALL
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND client_id = :client_id AND CAST(:subject AS TEXT) IS NULL
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_2
    UNION ALL
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND scope = 'everybody' AND CAST(:subject AS TEXT) IS NULL
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_3
) AS a
ORDER BY a.id DESC
LIMIT :limit;

-- name: page_of_user
SELECT
    a.*,
    (SELECT p.username FROM principals AS p WHERE p.id = a.owner_id) AS owner_username,
    (SELECT p.username FROM principals AS p WHERE p.id = a.reader_id) AS reader_username
FROM (
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND owner_id = :owner_id
            AND (CAST(:subject AS TEXT) IS NULL OR owner_name = CAST(:subject AS TEXT))
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_1
    UNION ALL
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND scope = 'client' AND client_id = :client_id AND CAST(:subject AS TEXT) IS NULL
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_2
    UNION ALL
    SELECT * FROM (
        SELECT * FROM audit
        WHERE id < :before AND at >= :since AND scope = 'everybody' AND CAST(:subject AS TEXT) IS NULL
            AND (CAST(:reader AS TEXT) IS NULL OR reader_name = CAST(:reader AS TEXT))
            AND (CAST(:action AS TEXT) IS NULL OR action = CAST(:action AS TEXT))
            AND at >= :first AND at < :end
        ORDER BY id DESC
        LIMIT :limit
    ) AS part_3
) AS a
ORDER BY a.id DESC
LIMIT :limit;
