-- Which process these are the business of: its shards, as the settings write them; empty where it runs all.
ALTER TABLE in_flight ADD COLUMN shards TEXT NOT NULL DEFAULT '';
ALTER TABLE promises ADD COLUMN shards TEXT NOT NULL DEFAULT '';
