-- The plan's webhooks an hour. Counted here, so that every connector of a tenant sees the same count;
-- the number comes with the request, because a tenant's own database does not say what it may do.
-- Over the allowance nothing is lost: deliveries to n8n and to webhooks stay pending, in order, until
-- the next full hour (UTC). Other targets go on.
--
-- A delivery is counted when it is claimed, so that two connectors cannot both spend the rest, and
-- given back when it is settled as anything but delivered. What a connector claimed and lost in a crash
-- is not given back in that hour.
--
-- Locks are taken in one order, the hour's row before deliveries.

CREATE TABLE IF NOT EXISTS smarter_webhook_hour (
    hour timestamp PRIMARY KEY,                 -- UTC
    used integer NOT NULL DEFAULT 0
);

-- A function of its own, so that a test can stop the clock.
CREATE OR REPLACE FUNCTION smarteros.allowance_clock() RETURNS timestamp
LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT clock_timestamp() AT TIME ZONE 'utc'
$$;

CREATE OR REPLACE FUNCTION smarteros.counted_subscriptions() RETURNS integer[]
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(id), '{}') FROM smarter_subscription WHERE target IN ('n8n', 'webhook')
$$;

CREATE OR REPLACE FUNCTION smarteros.allowance_document(p_limit integer, p_used integer, p_now timestamp)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('limit', p_limit, 'used', p_used, 'opens_in',
        extract(epoch FROM date_trunc('hour', p_now) + interval '1 hour' - p_now))
$$;

-- claim_within({..., hourly: n}): claim() of at most what the allowance leaves.
-- Returns what claim() returns, and allowance: {limit, used, opens_in}; opens_in in seconds.
CREATE OR REPLACE FUNCTION smarteros.claim_within(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_now timestamp := smarteros.allowance_clock();
    v_hour timestamp := date_trunc('hour', v_now);
    v_limit integer := greatest(0, coalesce((p ->> 'hourly')::integer, 0));
    v_counted integer[] := smarteros.counted_subscriptions();
    v_used integer; v_ids bigint[]; v_over bigint[];
    v_claim jsonb;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO smarter_webhook_hour (hour) VALUES (v_hour) ON CONFLICT DO NOTHING;
    IF FOUND THEN DELETE FROM smarter_webhook_hour WHERE hour < v_hour - interval '7 days'; END IF;
    SELECT used INTO v_used FROM smarter_webhook_hour WHERE hour = v_hour FOR UPDATE;
    IF v_used >= v_limit THEN
        p := p || jsonb_build_object('exclude', to_jsonb(v_counted) || CASE jsonb_typeof(p -> 'exclude')
            WHEN 'array' THEN p -> 'exclude' ELSE '[]' END);
    END IF;
    v_claim := smarteros.claim(p - 'hourly');
    v_ids := ARRAY(SELECT (d ->> 'id')::bigint FROM jsonb_array_elements(v_claim -> 'deliveries') d
        WHERE (d ->> 'subscription_id')::integer = ANY (v_counted) ORDER BY 1);
    -- The oldest first: of a lane, what is given back is always its end.
    v_over := v_ids[greatest(0, v_limit - v_used) + 1 :];
    IF cardinality(v_over) > 0 THEN
        UPDATE smarter_delivery SET state = 'pending', lease = NULL,
            due_at = clock_timestamp() AT TIME ZONE 'utc', attempts = attempts - 1 WHERE id = ANY (v_over);
        v_claim := jsonb_set(v_claim, '{deliveries}', coalesce((
            SELECT jsonb_agg(d) FROM jsonb_array_elements(v_claim -> 'deliveries') d
            WHERE NOT (d ->> 'id')::bigint = ANY (v_over)), '[]'));
    END IF;
    v_used := v_used + cardinality(v_ids) - cardinality(v_over);
    UPDATE smarter_webhook_hour SET used = v_used WHERE hour = v_hour AND used <> v_used;
    RETURN v_claim || jsonb_build_object('allowance', smarteros.allowance_document(v_limit, v_used, v_now));
END $$;

-- settle_within([...]): settle(), giving back what was not delivered.
CREATE OR REPLACE FUNCTION smarteros.settle_within(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_hour timestamp := date_trunc('hour', smarteros.allowance_clock());
    v_counted integer[] := smarteros.counted_subscriptions();
    v_back bigint[] := ARRAY(SELECT (o ->> 'id')::bigint FROM jsonb_array_elements(p) o
        WHERE o ->> 'outcome' <> 'delivered');
    v_result jsonb;
    v_count integer;
BEGIN
    IF cardinality(v_back) = 0 THEN RETURN smarteros.settle(p); END IF;
    PERFORM 1 FROM smarter_webhook_hour WHERE hour = v_hour FOR UPDATE;
    v_result := smarteros.settle(p);
    SELECT count(*) INTO v_count FROM smarter_delivery d WHERE d.id = ANY (v_back)
        AND d.subscription_id = ANY (v_counted) AND NOT (v_result -> 'lost') @> to_jsonb(d.id);
    UPDATE smarter_webhook_hour SET used = greatest(0, used - v_count) WHERE hour = v_hour;
    RETURN v_result;
END $$;

-- allowance({hourly}) -> {limit, used, opens_in}: the present hour, for a status.
CREATE OR REPLACE FUNCTION smarteros.allowance(p jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT smarteros.allowance_document((p ->> 'hourly')::integer, coalesce((
        SELECT used FROM smarter_webhook_hour WHERE hour = date_trunc('hour', t.now)), 0), t.now)
    FROM (SELECT smarteros.allowance_clock() AS now) t
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA smarteros FROM PUBLIC;
