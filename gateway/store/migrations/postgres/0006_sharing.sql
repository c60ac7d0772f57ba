-- With whom a conversation is shared.
CREATE TABLE shares (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    guest_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, guest_id)
);

CREATE INDEX shares_of_guest ON shares (guest_id);

-- Who prompted, and of a reply whom it answers, where that is not the conversation's owner. It goes along into copies,
-- so that whoever is forgotten is forgotten there too.
ALTER TABLE messages ADD COLUMN author_id BIGINT REFERENCES principals (id) ON DELETE CASCADE;

CREATE INDEX messages_of_author ON messages (author_id) WHERE author_id IS NOT NULL;

-- Copies are noted as well.
ALTER TABLE audit DROP CONSTRAINT audit_action_check;
ALTER TABLE audit ADD CONSTRAINT audit_action_check CHECK (action IN ('list', 'read', 'search', 'export', 'copy'));
