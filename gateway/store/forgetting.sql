-- What somebody wrote in others' conversations, or had copied there.
-- name: begun_by
-- By what was written first: whoever edits that writes another first prompt beside it.
SELECT m.conversation_id
FROM messages AS m
WHERE m.author_id = :author_id AND m.parent_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM messages AS f WHERE f.conversation_id = m.conversation_id AND f.seq < m.seq);

-- name: written_in
SELECT DISTINCT conversation_id FROM messages WHERE author_id = :author_id;

-- name: close_gaps!
-- What follows a message that is to go follows what that one followed; again and again, until nothing does.
UPDATE messages
SET parent_id = (SELECT gone.parent_id FROM messages AS gone WHERE gone.id = messages.parent_id)
WHERE conversation_id IN (SELECT conversation_id FROM messages WHERE author_id = :author_id)
    AND (author_id IS NULL OR author_id <> :author_id)
    AND parent_id IN (SELECT id FROM messages WHERE author_id = :author_id);

-- name: erase_written!
DELETE FROM messages WHERE author_id = :author_id;

-- name: erase_empty!
DELETE FROM conversations WHERE id = :id AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = :id);

-- name: first_prompt^
SELECT content FROM messages WHERE conversation_id = :id AND role = 'user' ORDER BY seq LIMIT 1;

-- name: begin_anew!
UPDATE conversations
SET title = CASE WHEN title_source = 'user' THEN title ELSE :title END, system = NULL
WHERE id = :id;
