-- Times are milliseconds since the epoch, UTC.

CREATE TABLE principals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    role TEXT NOT NULL CHECK (role IN ('admin', 'client', 'user')),
    client_id INTEGER REFERENCES principals (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    plus INTEGER NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
);

-- What an admin creates has no client and shares one set of names.
CREATE UNIQUE INDEX principals_name ON principals (coalesce(client_id, 0), name);
CREATE INDEX principals_client ON principals (client_id);

CREATE TABLE keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    hash BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
);

CREATE INDEX keys_principal ON keys (principal_id);
CREATE UNIQUE INDEX keys_live ON keys (principal_id) WHERE revoked_at IS NULL;

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
    p.created_at,
    p.deleted_at,
    k.expires_at,
    k.last_used_at,
    k.hint AS key_hint
FROM principals AS p
LEFT JOIN principals AS c ON c.id = p.client_id
LEFT JOIN keys AS k ON k.principal_id = p.id AND k.revoked_at IS NULL;

-- Answers that carried a key, sealed, so that a request repeated after a lost answer gets the same one.
CREATE TABLE rotations (
    caller_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    idempotency_key BLOB NOT NULL,
    sealed_key BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller_id, principal_id, idempotency_key)
);

CREATE INDEX rotations_principal ON rotations (principal_id);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    owner_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    title_source TEXT NOT NULL CHECK (title_source IN ('provisional', 'generated', 'user')),
    tier TEXT NOT NULL CHECK (tier IN ('free', 'plus')),
    account TEXT NOT NULL,
    model TEXT NOT NULL,
    system TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE INDEX conversations_of_owner ON conversations (owner_id, updated_at, id);
CREATE INDEX conversations_recent ON conversations (updated_at, id);

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id TEXT,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('complete', 'incomplete')),
    finish_reason TEXT,
    model TEXT,
    account TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cost_usd REAL,
    estimated INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
);

CREATE INDEX messages_in_order ON messages (conversation_id, seq);
