-- Keys of agents, which lend the gateway a model.
ALTER TABLE principals DROP CONSTRAINT principals_role_check;
ALTER TABLE principals ADD CONSTRAINT principals_role_check CHECK (role IN ('admin', 'client', 'user', 'agent'));
