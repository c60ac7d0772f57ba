-- What was used, summed up, so that a year of everybody's use is read from few rows. The triggers keep it equal to
-- `usage`. By day it is told apart as people look at it; a client_id of 0 is for users that an admin made. `part` spreads
-- users over rows, so that on PostgreSQL gateways that settle at the same moment seldom wait for the same row.
CREATE TABLE usage_of_days (
    day INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    tier TEXT NOT NULL,
    account TEXT NOT NULL,
    model TEXT NOT NULL,
    part INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (day, client_id, tier, account, model, part)
) WITHOUT ROWID;

-- By user it is told apart by weeks alone: week n has the days from 7 n to 7 n + 6.
CREATE TABLE usage_of_weeks (
    week INTEGER NOT NULL,
    principal_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (week, principal_id)
) WITHOUT ROWID;

INSERT INTO usage_of_days
SELECT
    u.day, coalesce(p.client_id, 0), u.tier, u.account, u.model, u.principal_id % 16,
    sum(u.requests), sum(u.estimated), sum(u.input_tokens), sum(u.output_tokens), sum(u.cost_usd)
FROM usage AS u
JOIN principals AS p ON p.id = u.principal_id
GROUP BY 1, 2, 3, 4, 5, 6;

INSERT INTO usage_of_weeks
SELECT
    day / 7, principal_id,
    sum(requests), sum(estimated), sum(input_tokens), sum(output_tokens), sum(cost_usd)
FROM usage
GROUP BY 1, 2;

CREATE TRIGGER usage_sums_insert AFTER INSERT ON usage BEGIN
    INSERT INTO usage_of_days
    SELECT
        new.day, coalesce(client_id, 0), new.tier, new.account, new.model, new.principal_id % 16,
        new.requests, new.estimated, new.input_tokens, new.output_tokens, new.cost_usd
    FROM principals
    WHERE id = new.principal_id
    ON CONFLICT (day, client_id, tier, account, model, part) DO UPDATE SET
        requests = usage_of_days.requests + excluded.requests,
        estimated = usage_of_days.estimated + excluded.estimated,
        input_tokens = usage_of_days.input_tokens + excluded.input_tokens,
        output_tokens = usage_of_days.output_tokens + excluded.output_tokens,
        cost_usd = usage_of_days.cost_usd + excluded.cost_usd;
    INSERT INTO usage_of_weeks
    VALUES (
        new.day / 7, new.principal_id,
        new.requests, new.estimated, new.input_tokens, new.output_tokens, new.cost_usd
    )
    ON CONFLICT (week, principal_id) DO UPDATE SET
        requests = usage_of_weeks.requests + excluded.requests,
        estimated = usage_of_weeks.estimated + excluded.estimated,
        input_tokens = usage_of_weeks.input_tokens + excluded.input_tokens,
        output_tokens = usage_of_weeks.output_tokens + excluded.output_tokens,
        cost_usd = usage_of_weeks.cost_usd + excluded.cost_usd;
END;

CREATE TRIGGER usage_sums_update AFTER UPDATE ON usage BEGIN
    UPDATE usage_of_days SET
        requests = requests + new.requests - old.requests,
        estimated = estimated + new.estimated - old.estimated,
        input_tokens = input_tokens + new.input_tokens - old.input_tokens,
        output_tokens = output_tokens + new.output_tokens - old.output_tokens,
        cost_usd = cost_usd + new.cost_usd - old.cost_usd
    WHERE day = new.day
        AND client_id = (SELECT coalesce(p.client_id, 0) FROM principals AS p WHERE p.id = new.principal_id)
        AND tier = new.tier AND account = new.account AND model = new.model AND part = new.principal_id % 16;
    UPDATE usage_of_weeks SET
        requests = requests + new.requests - old.requests,
        estimated = estimated + new.estimated - old.estimated,
        input_tokens = input_tokens + new.input_tokens - old.input_tokens,
        output_tokens = output_tokens + new.output_tokens - old.output_tokens,
        cost_usd = cost_usd + new.cost_usd - old.cost_usd
    WHERE week = new.day / 7 AND principal_id = new.principal_id;
END;

CREATE TRIGGER usage_sums_delete AFTER DELETE ON usage BEGIN
    UPDATE usage_of_days SET
        requests = requests - old.requests,
        estimated = estimated - old.estimated,
        input_tokens = input_tokens - old.input_tokens,
        output_tokens = output_tokens - old.output_tokens,
        cost_usd = cost_usd - old.cost_usd
    WHERE day = old.day
        AND client_id = (SELECT coalesce(p.client_id, 0) FROM principals AS p WHERE p.id = old.principal_id)
        AND tier = old.tier AND account = old.account AND model = old.model AND part = old.principal_id % 16;
    DELETE FROM usage_of_days
    WHERE day = old.day AND requests = 0 AND input_tokens = 0 AND output_tokens = 0;
    UPDATE usage_of_weeks SET
        requests = requests - old.requests,
        estimated = estimated - old.estimated,
        input_tokens = input_tokens - old.input_tokens,
        output_tokens = output_tokens - old.output_tokens,
        cost_usd = cost_usd - old.cost_usd
    WHERE week = old.day / 7 AND principal_id = old.principal_id;
    DELETE FROM usage_of_weeks
    WHERE week = old.day / 7 AND principal_id = old.principal_id
        AND requests = 0 AND input_tokens = 0 AND output_tokens = 0;
END;

-- Before its user goes, not after: by then nobody could tell whose client's sum it was part of.
CREATE TRIGGER usage_goes_first BEFORE DELETE ON principals BEGIN
    DELETE FROM usage WHERE principal_id = old.id;
END;
