-- name: issue!
INSERT INTO tickets (hash, purpose, browser, sealed, expires_at)
VALUES (:hash, :purpose, :browser, :sealed, :expires_at);

-- name: redeem^
DELETE FROM tickets WHERE hash = :hash AND purpose = :purpose AND browser = :browser AND expires_at > :at
RETURNING sealed;

-- name: forget_expired!
DELETE FROM tickets WHERE expires_at <= :at;
