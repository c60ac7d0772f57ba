-- Where a conversation goes on for its client, such as a thread on Discord.
ALTER TABLE conversations ADD COLUMN link TEXT;

-- To which of a client's communities a user belongs, as people call it, such as a server on Discord.
ALTER TABLE principals ADD COLUMN community TEXT NOT NULL DEFAULT '';

DROP VIEW people;
CREATE VIEW people AS
SELECT
    p.id,
    p.role,
    p.name,
    p.username,
    p.community,
    p.client_id,
    c.name AS client_name,
    p.plus,
    p.disabled,
    p.limits,
    p.created_at,
    p.deleted_at,
    k.expires_at,
    k.last_used_at,
    k.hint AS key_hint
FROM principals AS p
LEFT JOIN principals AS c ON c.id = p.client_id
LEFT JOIN keys AS k ON k.principal_id = p.id AND k.revoked_at IS NULL;
