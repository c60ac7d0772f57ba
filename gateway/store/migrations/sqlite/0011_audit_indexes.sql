-- For who looks at the log by whose writings were read, and for users whose client's users were all read at once.
CREATE INDEX audit_of_owner_name ON audit (owner_name, id) WHERE owner_name IS NOT NULL;
CREATE INDEX audit_of_whole_clients ON audit (client_id, id) WHERE scope = 'client';
