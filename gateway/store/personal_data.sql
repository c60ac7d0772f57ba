-- name: held^
SELECT
    (SELECT count(*) FROM conversations WHERE owner_id = :id) AS conversations,
    (
        SELECT count(*) FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id WHERE c.owner_id = :id
    ) + (SELECT count(*) FROM messages WHERE author_id = :id) AS messages,
    (
        SELECT count(*)
        FROM message_attachments AS f
        JOIN messages AS m ON m.id = f.message_id
        JOIN conversations AS c ON c.id = m.conversation_id
        WHERE c.owner_id = :id
    ) + (
        SELECT count(*) FROM message_attachments AS f JOIN messages AS m ON m.id = f.message_id WHERE m.author_id = :id
    ) AS attachments,
    (SELECT count(DISTINCT day) FROM usage WHERE principal_id = :id AND day < :first_of_month) AS usage_days;

-- name: erase_conversations!
DELETE FROM conversations WHERE owner_id = :id;

-- name: erase_shares!
DELETE FROM shares WHERE guest_id = :id;

-- name: erase_keys!
DELETE FROM keys WHERE principal_id = :id;

-- name: erase_rotations!
DELETE FROM rotations WHERE principal_id = :id OR caller_id = :id;

-- name: erase_usage!
DELETE FROM usage WHERE principal_id = :id AND day < :first_of_month;

-- name: erase_name!
UPDATE principals SET username = '', community = '', deleted_at = :at WHERE id = :id;

-- name: erase_remains!
-- Users deleted of whom nothing is left that anything still depends on: no key that is told apart, nothing they wrote,
-- nothing used that this month's limits count, and nothing an admin set.
DELETE FROM principals
WHERE role = 'user' AND deleted_at IS NOT NULL AND username = '' AND NOT disabled AND limits IS NULL
    AND NOT EXISTS (SELECT 1 FROM keys AS k WHERE k.principal_id = principals.id)
    AND NOT EXISTS (SELECT 1 FROM conversations AS c WHERE c.owner_id = principals.id)
    AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.author_id = principals.id)
    AND NOT EXISTS (SELECT 1 FROM shares AS s WHERE s.guest_id = principals.id)
    AND NOT EXISTS (SELECT 1 FROM usage AS u WHERE u.principal_id = principals.id AND u.day >= :first_of_month);
