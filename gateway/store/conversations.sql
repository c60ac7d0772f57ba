-- name: find^
SELECT c.*, p.name AS owner_name, p.username AS owner_username, p.client_id, k.name AS client_name
FROM conversations AS c
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE c.id = :id;

-- name: holding^
SELECT c.*, p.name AS owner_name, p.username AS owner_username, p.client_id, k.name AS client_name
FROM messages AS m
JOIN conversations AS c ON c.id = m.conversation_id
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE m.id = :message_id AND c.owner_id = :owner_id;

-- name: share^
SELECT 1 AS shared FROM shares WHERE conversation_id = :id AND guest_id = :reader_id;

-- name: written_in
SELECT DISTINCT conversation_id FROM messages WHERE author_id = :author_id ORDER BY conversation_id;

-- name: of_owner
SELECT c.*, p.name AS owner_name, p.username AS owner_username, p.client_id, k.name AS client_name
FROM conversations AS c
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE c.owner_id = :owner_id AND (c.updated_at, c.id) < (:before, :before_id)
ORDER BY c.updated_at DESC, c.id DESC
LIMIT :limit;

-- name: of_client
SELECT c.*, p.name AS owner_name, p.username AS owner_username, p.client_id, k.name AS client_name
FROM conversations AS c
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE p.client_id = :client_id AND (c.updated_at, c.id) < (:before, :before_id)
ORDER BY c.updated_at DESC, c.id DESC
LIMIT :limit;

-- name: of_all
SELECT c.*, p.name AS owner_name, p.username AS owner_username, p.client_id, k.name AS client_name
FROM conversations AS c
JOIN principals AS p ON p.id = c.owner_id
LEFT JOIN principals AS k ON k.id = p.client_id
WHERE (c.updated_at, c.id) < (:before, :before_id)
ORDER BY c.updated_at DESC, c.id DESC
LIMIT :limit;

-- name: begin!
INSERT INTO conversations (id, owner_id, title, title_source, tier, account, model, system, created_at, updated_at)
VALUES (:id, :owner_id, :title, :title_source, :tier, :account, :model, :system, :created_at, :updated_at);

-- name: add_message!
INSERT INTO messages (
    id, conversation_id, parent_id, role, content, status, finish_reason, model, account,
    input_tokens, output_tokens, cost_usd, estimated, created_at, author_id
)
VALUES (
    :id, :conversation_id, :parent_id, :role, :content, :status, :finish_reason, :model, :account,
    :input_tokens, :output_tokens, :cost_usd, :estimated, :created_at, :author_id
);

-- name: touch!
UPDATE conversations SET updated_at = CASE WHEN updated_at > :at THEN updated_at ELSE :at END WHERE id = :id;

-- name: messages
SELECT m.*, a.name AS author_name, a.username AS author_username,
    EXISTS (SELECT 1 FROM message_attachments AS f WHERE f.message_id = m.id) AS attached
FROM messages AS m
LEFT JOIN principals AS a ON a.id = m.author_id
WHERE m.conversation_id = :id
ORDER BY m.seq;

-- name: path_to
WITH RECURSIVE path (id, parent_id, depth) AS (
    SELECT id, parent_id, 0 FROM messages
    WHERE conversation_id = :id AND id = coalesce(
        :message_id, (SELECT id FROM messages WHERE conversation_id = :id ORDER BY seq DESC LIMIT 1)
    )
    UNION ALL
    SELECT m.id, m.parent_id, path.depth + 1
    FROM messages AS m JOIN path ON m.id = path.parent_id
    WHERE m.conversation_id = :id
)
SELECT m.*, a.name AS author_name, a.username AS author_username,
    EXISTS (SELECT 1 FROM message_attachments AS f WHERE f.message_id = m.id) AS attached
FROM path JOIN messages AS m ON m.id = path.id
LEFT JOIN principals AS a ON a.id = m.author_id
ORDER BY path.depth DESC;

-- name: withdraw!
DELETE FROM messages
WHERE id = :message_id AND conversation_id = :id AND role = 'user'
    AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = :id AND m.parent_id = :message_id);

-- name: erase_branch
WITH RECURSIVE branch (id) AS (
    SELECT id FROM messages WHERE conversation_id = :id AND id = :message_id
    UNION ALL
    SELECT m.id FROM messages AS m JOIN branch ON m.parent_id = branch.id WHERE m.conversation_id = :id
)
DELETE FROM messages WHERE conversation_id = :id AND id IN (SELECT id FROM branch)
RETURNING id, parent_id;

-- name: erase_unanswered^
DELETE FROM messages
WHERE id = :message_id AND conversation_id = :id AND role = 'user'
    AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation_id = :id AND m.parent_id = :message_id)
RETURNING id;

-- name: has_message^
SELECT 1 FROM messages WHERE conversation_id = :id AND id = :message_id;

-- name: is_there^
SELECT 1 FROM conversations WHERE id = :id;

-- name: erase_if_empty!
DELETE FROM conversations
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = :id)
    -- A guest may be prompting in it at this moment.
    AND NOT EXISTS (SELECT 1 FROM shares WHERE conversation_id = :id);

-- name: title!
UPDATE conversations SET title = :title, title_source = :source
WHERE id = :id AND (:source = 'user' OR title_source <> 'user');

-- name: link!
UPDATE conversations SET link = :link WHERE id = :id;

-- name: erase!
DELETE FROM conversations WHERE id = :id;
