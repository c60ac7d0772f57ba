-- What a user may use where that differs from the tier's limits: JSON, each limit by its name.
ALTER TABLE principals ADD COLUMN limits TEXT;

DROP VIEW people;
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

-- What requests under way may use. One whose process was killed runs out at expires_at.
CREATE TABLE reservations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    tier TEXT NOT NULL CHECK (tier IN ('free', 'plus')),
    expires_at INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL
);

CREATE INDEX reservations_of ON reservations (principal_id);

-- The requests of the sixty seconds that began with the first of them.
CREATE TABLE minutes (
    principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    tier TEXT NOT NULL CHECK (tier IN ('free', 'plus')),
    began_at INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (principal_id, tier)
);

-- What was used, summed up. A day is the number of days since 1970-01-01, UTC.
CREATE TABLE usage (
    principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    day INTEGER NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('free', 'plus')),
    account TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (principal_id, day, tier, account, model)
);

CREATE INDEX usage_by_day ON usage (day, principal_id);
