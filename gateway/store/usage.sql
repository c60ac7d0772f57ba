-- name: days_of_user
SELECT
    day,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(estimated) AS BIGINT) AS estimated,
    CAST(sum(input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(output_tokens) AS BIGINT) AS output_tokens,
    sum(cost_usd) AS cost_usd
FROM usage
WHERE principal_id = :principal_id AND day BETWEEN :first AND :last
GROUP BY day
ORDER BY day;

-- name: days
SELECT
    u.day,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
WHERE u.day BETWEEN :first AND :last
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)
GROUP BY u.day
ORDER BY u.day;

-- name: users
SELECT
    p.id,
    p.name AS user_id,
    c.name AS client_id,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE u.day BETWEEN :first AND :last AND u.principal_id > :after
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)
GROUP BY p.id, p.name, c.name
ORDER BY p.id
LIMIT :limit;

-- name: heaviest_users
SELECT
    p.id,
    p.name AS user_id,
    c.name AS client_id,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE u.day BETWEEN :first AND :last
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)
GROUP BY p.id, p.name, c.name
ORDER BY sum(u.cost_usd) DESC, sum(u.input_tokens + u.output_tokens) DESC, p.id
LIMIT :limit;

-- name: lines_of_day
SELECT
    c.name AS client_id,
    p.name AS user_id,
    u.tier,
    u.account,
    u.model,
    u.requests,
    u.estimated,
    u.input_tokens,
    u.output_tokens,
    u.cost_usd
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE u.day = :day
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND (CAST(:principal_id AS BIGINT) IS NULL OR u.principal_id = CAST(:principal_id AS BIGINT))
ORDER BY u.principal_id, u.tier, u.account, u.model;
