-- What was used, summed up, so that a year of everybody's use is read from few rows. The triggers keep it equal to
-- `usage`. By day it is told apart as people look at it; a client_id of 0 is for users that an admin made. `part` spreads
-- users over rows, so that gateways that settle at the same moment seldom wait for the same row.
CREATE TABLE usage_of_days (
    day BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    tier TEXT NOT NULL,
    account TEXT NOT NULL,
    model TEXT NOT NULL,
    part BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    estimated BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (day, client_id, tier, account, model, part)
);

-- By user it is told apart by weeks alone: week n has the days from 7 n to 7 n + 6.
CREATE TABLE usage_of_weeks (
    week BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    estimated BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (week, principal_id)
);

-- Nobody settles between the sums and the triggers that keep them.
LOCK TABLE usage IN SHARE ROW EXCLUSIVE MODE;

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

CREATE FUNCTION add_to_usage_sums(
    used usage, requests BIGINT, estimated BIGINT, input_tokens BIGINT, output_tokens BIGINT, cost_usd DOUBLE PRECISION
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO usage_of_days AS s
    SELECT
        used.day, coalesce(p.client_id, 0), used.tier, used.account, used.model, used.principal_id % 16,
        requests, estimated, input_tokens, output_tokens, cost_usd
    FROM principals AS p
    WHERE p.id = used.principal_id
    ON CONFLICT (day, client_id, tier, account, model, part) DO UPDATE SET
        requests = s.requests + excluded.requests,
        estimated = s.estimated + excluded.estimated,
        input_tokens = s.input_tokens + excluded.input_tokens,
        output_tokens = s.output_tokens + excluded.output_tokens,
        cost_usd = s.cost_usd + excluded.cost_usd;
    INSERT INTO usage_of_weeks AS s
    VALUES (used.day / 7, used.principal_id, requests, estimated, input_tokens, output_tokens, cost_usd)
    ON CONFLICT (week, principal_id) DO UPDATE SET
        requests = s.requests + excluded.requests,
        estimated = s.estimated + excluded.estimated,
        input_tokens = s.input_tokens + excluded.input_tokens,
        output_tokens = s.output_tokens + excluded.output_tokens,
        cost_usd = s.cost_usd + excluded.cost_usd;
$$;

CREATE FUNCTION keep_usage_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_to_usage_sums(
            NEW, NEW.requests, NEW.estimated, NEW.input_tokens, NEW.output_tokens, NEW.cost_usd
        );
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM add_to_usage_sums(
            NEW, NEW.requests - OLD.requests, NEW.estimated - OLD.estimated, NEW.input_tokens - OLD.input_tokens,
            NEW.output_tokens - OLD.output_tokens, NEW.cost_usd - OLD.cost_usd
        );
    ELSE
        PERFORM add_to_usage_sums(
            OLD, -OLD.requests, -OLD.estimated, -OLD.input_tokens, -OLD.output_tokens, -OLD.cost_usd
        );
        DELETE FROM usage_of_days
        WHERE day = OLD.day AND part = OLD.principal_id % 16
            AND requests = 0 AND input_tokens = 0 AND output_tokens = 0;
        DELETE FROM usage_of_weeks
        WHERE week = OLD.day / 7 AND principal_id = OLD.principal_id
            AND requests = 0 AND input_tokens = 0 AND output_tokens = 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER usage_sums AFTER INSERT OR UPDATE OR DELETE ON usage
FOR EACH ROW EXECUTE FUNCTION keep_usage_sums();

-- Before its user goes, not after: by then nobody could tell whose client's sum it was part of.
CREATE FUNCTION let_usage_go_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM usage WHERE principal_id = OLD.id;
    RETURN OLD;
END
$$;

CREATE TRIGGER usage_goes_first BEFORE DELETE ON principals
FOR EACH ROW EXECUTE FUNCTION let_usage_go_first();
