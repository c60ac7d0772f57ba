-- `usage_of_days` and `usage_of_weeks` are sums of `usage` that its triggers keep.
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
    day,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(estimated) AS BIGINT) AS estimated,
    CAST(sum(input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(output_tokens) AS BIGINT) AS output_tokens,
    sum(cost_usd) AS cost_usd
FROM usage_of_days
WHERE day BETWEEN :first AND :last
    AND (CAST(:client_id AS BIGINT) IS NULL OR client_id = CAST(:client_id AS BIGINT))
GROUP BY day
ORDER BY day;

-- name: number_of_users_starting^
SELECT
    count(*) AS everybody,
    count(CASE WHEN substr(name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT) THEN 1 END) AS chosen
FROM principals
WHERE role = 'user' AND (CAST(:client_id AS BIGINT) IS NULL OR client_id = CAST(:client_id AS BIGINT));

-- name: days_of_users_starting
-- Of those whose names start so or, with `others`, of everybody else.
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
    AND (substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)) <> CAST(:others AS BOOLEAN)
GROUP BY u.day
ORDER BY u.day;

-- name: days_of_few_users
-- The same where those that are read are few. SQLite takes CROSS JOINs in their order: it goes from user to user and finds
-- the days of each by the primary key.
SELECT
    u.day,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM principals AS p
CROSS JOIN usage AS u
WHERE u.principal_id = p.id AND u.day BETWEEN :first AND :last
    AND (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND (substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)) <> CAST(:others AS BOOLEAN)
GROUP BY u.day
ORDER BY u.day;

-- name: days_by
SELECT
    u.day,
    CASE CAST(:by AS TEXT)
        WHEN 'tier' THEN u.tier
        WHEN 'account' THEN u.account
        WHEN 'model' THEN u.model
        ELSE coalesce(c.name, '')
    END AS name,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM usage_of_days AS u
LEFT JOIN principals AS c ON c.id = u.client_id
WHERE u.day BETWEEN :first AND :last
    AND (CAST(:client_id AS BIGINT) IS NULL OR u.client_id = CAST(:client_id AS BIGINT))
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: days_by_of_user
SELECT
    u.day,
    CASE CAST(:by AS TEXT)
        WHEN 'tier' THEN u.tier
        WHEN 'account' THEN u.account
        WHEN 'model' THEN u.model
        ELSE coalesce(c.name, '')
    END AS name,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE u.principal_id = :principal_id AND u.day BETWEEN :first AND :last
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: users
-- Who is on the page is found first, user after user by the primary keys.
SELECT
    p.id,
    p.name AS user_id,
    p.username,
    c.name AS client_id,
    CAST(sum(u.requests) AS BIGINT) AS requests,
    CAST(sum(u.estimated) AS BIGINT) AS estimated,
    CAST(sum(u.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(u.output_tokens) AS BIGINT) AS output_tokens,
    sum(u.cost_usd) AS cost_usd
FROM (
    SELECT id, name, username, client_id
    FROM principals
    WHERE id > :after
        AND (CAST(:client_id AS BIGINT) IS NULL OR client_id = CAST(:client_id AS BIGINT))
        AND substr(name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)
        AND EXISTS (
            SELECT 1 FROM usage WHERE usage.principal_id = principals.id AND usage.day BETWEEN :first AND :last
        )
    ORDER BY id
    LIMIT :limit
) AS p
JOIN usage AS u ON u.principal_id = p.id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE u.day BETWEEN :first AND :last
GROUP BY p.id, p.name, p.username, c.name
ORDER BY p.id;

-- name: heaviest_users
-- Whole weeks from their sums, the days before and after those one by one.
SELECT
    p.id,
    p.name AS user_id,
    p.username,
    c.name AS client_id,
    CAST(s.requests AS BIGINT) AS requests,
    CAST(s.estimated AS BIGINT) AS estimated,
    CAST(s.input_tokens AS BIGINT) AS input_tokens,
    CAST(s.output_tokens AS BIGINT) AS output_tokens,
    s.cost_usd
FROM (
    SELECT
        principal_id,
        sum(requests) AS requests,
        sum(estimated) AS estimated,
        sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        sum(cost_usd) AS cost_usd
    FROM (
        SELECT principal_id, requests, estimated, input_tokens, output_tokens, cost_usd
        FROM usage_of_weeks
        WHERE week BETWEEN :first_week AND :last_week
        UNION ALL
        SELECT principal_id, requests, estimated, input_tokens, output_tokens, cost_usd
        FROM usage
        WHERE day BETWEEN :first AND :before_weeks
        UNION ALL
        SELECT principal_id, requests, estimated, input_tokens, output_tokens, cost_usd
        FROM usage
        WHERE day BETWEEN :after_weeks AND :last
    ) AS pieces
    GROUP BY principal_id
) AS s
JOIN principals AS p ON p.id = s.principal_id
LEFT JOIN principals AS c ON c.id = p.client_id
WHERE (CAST(:client_id AS BIGINT) IS NULL OR p.client_id = CAST(:client_id AS BIGINT))
    AND substr(p.name, 1, length(CAST(:starting AS TEXT))) = CAST(:starting AS TEXT)
ORDER BY s.cost_usd DESC, s.input_tokens + s.output_tokens DESC, p.id
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
