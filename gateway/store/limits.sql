-- name: in_use
-- A row for each tier of which anything is used or held.
SELECT
    tier,
    CAST(sum(requests) AS BIGINT) AS requests,
    min(began_at) AS began_at,
    CAST(sum(running) AS BIGINT) AS running,
    CAST(sum(abandoned) AS BIGINT) AS abandoned,
    CAST(sum(held_tokens) AS BIGINT) AS held_tokens,
    sum(held_cost_usd) AS held_cost_usd,
    CAST(sum(tokens) AS BIGINT) AS tokens,
    sum(cost_usd) AS cost_usd
FROM (
    SELECT
        tier,
        requests,
        began_at,
        0 AS running,
        0 AS abandoned,
        CAST(0 AS BIGINT) AS held_tokens,
        CAST(0 AS DOUBLE PRECISION) AS held_cost_usd,
        CAST(0 AS BIGINT) AS tokens,
        CAST(0 AS DOUBLE PRECISION) AS cost_usd
    FROM minutes
    WHERE principal_id = :principal_id AND began_at > :minute_ago
    UNION ALL
    SELECT
        tier,
        0,
        CAST(NULL AS BIGINT),
        CASE WHEN expires_at > :now THEN 1 ELSE 0 END,
        CASE WHEN expires_at > :now THEN 0 ELSE 1 END,
        CASE WHEN expires_at > :now THEN tokens ELSE 0 END,
        CASE WHEN expires_at > :now THEN cost_usd ELSE 0 END,
        0,
        0
    FROM reservations
    WHERE principal_id = :principal_id
    UNION ALL
    SELECT
        tier,
        0,
        CAST(NULL AS BIGINT),
        0,
        0,
        0,
        0,
        CASE WHEN day = :today THEN input_tokens + output_tokens ELSE 0 END,
        cost_usd
    FROM usage
    WHERE principal_id = :principal_id AND day >= :first_of_month AND account NOT LIKE 'own:%'
) AS found
GROUP BY tier;

-- name: count_request!
INSERT INTO minutes (principal_id, tier, began_at, requests)
VALUES (:principal_id, :tier, :now, 1)
ON CONFLICT (principal_id, tier) DO UPDATE SET
    began_at = CASE WHEN minutes.began_at > :minute_ago THEN minutes.began_at ELSE excluded.began_at END,
    requests = CASE WHEN minutes.began_at > :minute_ago THEN minutes.requests + 1 ELSE 1 END;

-- name: uncount_request!
UPDATE minutes SET requests = requests - 1
WHERE principal_id = :principal_id AND tier = :tier AND began_at <= :at AND requests > 0;

-- name: reserve<!
INSERT INTO reservations (principal_id, tier, expires_at, tokens, cost_usd)
VALUES (:principal_id, :tier, :expires_at, :tokens, :cost_usd)
RETURNING id;

-- name: forget_abandoned!
DELETE FROM reservations WHERE principal_id = :principal_id AND expires_at <= :now;

-- name: renew!
UPDATE reservations SET expires_at = :expires_at WHERE id = :id AND expires_at > :now;

-- name: end!
DELETE FROM reservations WHERE id = :id;

-- name: add!
INSERT INTO usage (
    principal_id, day, tier, account, model, requests, estimated, input_tokens, output_tokens, cost_usd
)
VALUES (
    :principal_id, :day, :tier, :account, :model, :requests, CAST(:estimated AS BIGINT), :input_tokens, :output_tokens,
    :cost_usd
)
ON CONFLICT (principal_id, day, tier, account, model) DO UPDATE SET
    requests = usage.requests + excluded.requests,
    estimated = usage.estimated + excluded.estimated,
    input_tokens = usage.input_tokens + excluded.input_tokens,
    output_tokens = usage.output_tokens + excluded.output_tokens,
    cost_usd = usage.cost_usd + excluded.cost_usd;
