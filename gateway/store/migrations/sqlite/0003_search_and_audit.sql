-- The words of messages and titles (https://www.sqlite.org/fts5.html). No text is kept a second time: what is searched
-- for is a rowid, and the triggers below say again what a row had said when it goes. `owner` holds whose it is as two
-- words, o and the owner's id, c and its client's id.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    content, owner, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE conversations_fts USING fts5 (
    title, owner, content = '', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);

-- A number that no VACUUM changes.
CREATE TABLE conversations_fts_rows (
    seq INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL UNIQUE
);

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN
    INSERT INTO messages_fts (rowid, content, owner)
    SELECT new.seq, new.content, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations AS c JOIN principals AS p ON p.id = c.owner_id
    WHERE c.id = new.conversation_id;
END;

CREATE TRIGGER messages_fts_delete BEFORE DELETE ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content, owner)
    SELECT 'delete', old.seq, old.content, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations AS c JOIN principals AS p ON p.id = c.owner_id
    WHERE c.id = old.conversation_id;
END;

CREATE TRIGGER messages_fts_update AFTER UPDATE OF content ON messages WHEN new.content <> old.content BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content, owner)
    SELECT 'delete', old.seq, old.content, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations AS c JOIN principals AS p ON p.id = c.owner_id
    WHERE c.id = old.conversation_id;
    INSERT INTO messages_fts (rowid, content, owner)
    SELECT new.seq, new.content, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations AS c JOIN principals AS p ON p.id = c.owner_id
    WHERE c.id = new.conversation_id;
END;

CREATE TRIGGER conversations_fts_insert AFTER INSERT ON conversations BEGIN
    INSERT INTO conversations_fts_rows (conversation_id) VALUES (new.id);
    INSERT INTO conversations_fts (rowid, title, owner)
    SELECT r.seq, new.title, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations_fts_rows AS r JOIN principals AS p ON p.id = new.owner_id
    WHERE r.conversation_id = new.id;
END;

CREATE TRIGGER conversations_fts_update AFTER UPDATE OF title ON conversations WHEN new.title <> old.title BEGIN
    INSERT INTO conversations_fts (conversations_fts, rowid, title, owner)
    SELECT 'delete', r.seq, old.title, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations_fts_rows AS r JOIN principals AS p ON p.id = old.owner_id
    WHERE r.conversation_id = old.id;
    INSERT INTO conversations_fts (rowid, title, owner)
    SELECT r.seq, new.title, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations_fts_rows AS r JOIN principals AS p ON p.id = new.owner_id
    WHERE r.conversation_id = new.id;
END;

-- What goes takes what it holds with it before, not after: by then nobody could tell whose it was.
CREATE TRIGGER conversations_fts_delete BEFORE DELETE ON conversations BEGIN
    DELETE FROM messages WHERE conversation_id = old.id;
    INSERT INTO conversations_fts (conversations_fts, rowid, title, owner)
    SELECT 'delete', r.seq, old.title, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
    FROM conversations_fts_rows AS r JOIN principals AS p ON p.id = old.owner_id
    WHERE r.conversation_id = old.id;
    DELETE FROM conversations_fts_rows WHERE conversation_id = old.id;
END;

CREATE TRIGGER principals_fts_delete BEFORE DELETE ON principals BEGIN
    DELETE FROM conversations WHERE owner_id = old.id;
END;

INSERT INTO messages_fts (rowid, content, owner)
SELECT m.seq, m.content, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
FROM messages AS m
JOIN conversations AS c ON c.id = m.conversation_id
JOIN principals AS p ON p.id = c.owner_id
ORDER BY m.seq;

INSERT INTO conversations_fts_rows (conversation_id) SELECT id FROM conversations ORDER BY created_at;

INSERT INTO conversations_fts (rowid, title, owner)
SELECT r.seq, c.title, 'o' || p.id || ' c' || coalesce(p.client_id, 0)
FROM conversations_fts_rows AS r
JOIN conversations AS c ON c.id = r.conversation_id
JOIN principals AS p ON p.id = c.owner_id
ORDER BY r.seq;

-- Who read what of somebody else's. It outlives whom it tells of, so it holds names beside the numbers, and never what
-- was read. `scope` says whose it was: one user's, all of a client's users', or everybody's.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    reader_id INTEGER NOT NULL,
    reader_name TEXT NOT NULL,
    reader_role TEXT NOT NULL CHECK (reader_role IN ('admin', 'client')),
    action TEXT NOT NULL CHECK (action IN ('list', 'read', 'search', 'export')),
    scope TEXT NOT NULL CHECK (scope IN ('user', 'client', 'everybody')),
    owner_id INTEGER,
    owner_name TEXT,
    client_id INTEGER,
    client_name TEXT,
    conversation_id TEXT,
    request_id TEXT NOT NULL
);

CREATE INDEX audit_of_owner ON audit (owner_id, id);
CREATE INDEX audit_of_client ON audit (client_id, id);
CREATE INDEX audit_of_everybody ON audit (id) WHERE scope = 'everybody';
