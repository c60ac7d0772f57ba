-- Who asked, and sealed: what, and with which token Discord takes an answer to it; so that Retry can ask it after a
-- crash. Where the answer goes to another place, `card_id` is the message there that shows the question. What is kept for
-- Retry is no promise any more: it has an end, in seconds since 1970.
ALTER TABLE promises ADD COLUMN member_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE promises ADD COLUMN card_id INTEGER;
ALTER TABLE promises ADD COLUMN asked BLOB;
ALTER TABLE promises ADD COLUMN kept_until INTEGER;
