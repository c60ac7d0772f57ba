-- Who asked, and sealed: what, and with which token Discord takes an answer to it; so that Retry can ask it after a
-- crash. Where the answer goes to another place, `card_id` is the message there that shows the question. What is kept for
-- Retry is no promise any more: it has an end, in seconds since 1970.
ALTER TABLE promises ADD COLUMN member_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE promises ADD COLUMN card_id BIGINT;
ALTER TABLE promises ADD COLUMN asked BYTEA;
ALTER TABLE promises ADD COLUMN kept_until BIGINT;
