-- With whom a conversation is shared.
CREATE TABLE shares (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    guest_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, guest_id)
);

CREATE INDEX shares_of_guest ON shares (guest_id);

-- Who prompted, and of a reply whom it answers, where that is not the conversation's owner. It goes along into copies,
-- so that whoever is forgotten is forgotten there too.
ALTER TABLE messages ADD COLUMN author_id INTEGER REFERENCES principals (id) ON DELETE CASCADE;

CREATE INDEX messages_of_author ON messages (author_id) WHERE author_id IS NOT NULL;

-- Copies are noted as well. SQLite cannot change a CHECK in place, but it can do without a column:
-- https://www.sqlite.org/lang_altertable.html#altertabdropcol
ALTER TABLE audit RENAME COLUMN action TO former_action;
ALTER TABLE audit ADD COLUMN action TEXT NOT NULL DEFAULT 'read'
    CHECK (action IN ('list', 'read', 'search', 'export', 'copy'));
UPDATE audit SET action = former_action;
ALTER TABLE audit DROP COLUMN former_action;
