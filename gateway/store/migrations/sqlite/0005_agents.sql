-- Keys of agents, which lend the gateway a model. SQLite cannot change a CHECK in place, but it can do without a column:
-- https://www.sqlite.org/lang_altertable.html#altertabdropcol
DROP VIEW people;
ALTER TABLE principals RENAME COLUMN role TO former_role;
ALTER TABLE principals ADD COLUMN role TEXT NOT NULL DEFAULT 'user'
    CHECK (role IN ('admin', 'client', 'user', 'agent'));
UPDATE principals SET role = former_role;
ALTER TABLE principals DROP COLUMN former_role;

CREATE VIEW people AS
SELECT
    p.id,
    p.role,
    p.name,
    p.username,
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
