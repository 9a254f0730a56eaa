-- The protocol: the only way a delivery changes state, and all the connector's role may execute.
-- Each function takes and gives jsonb, so that the same call works over SQL and over Odoo's RPC. Only
-- claim gives json: of what it carries, jsonb would make four copies on the way, at 60 us an event.
-- Lane = (subscription, aggregate). Only the head of a lane can be claimed, and claiming it leases
-- what follows it too, so order holds within a lane whatever the number of connectors.

-- claim({worker, limit, per_lane, lease_seconds, subscriptions: [id]|null, exclude: [id]})
-- limit: deliveries per subscription. Returns {now, epoch, held, subscriptions: [...], deliveries: [...]}.
DO $$ BEGIN
    IF (SELECT prorettype FROM pg_proc WHERE oid = to_regprocedure('smarteros.claim(jsonb)')) = 'jsonb'::regtype THEN
        -- A dropped function takes its grants along; they are given again below.
        PERFORM set_config('smarteros.callers', (
            SELECT coalesce(string_agg(a.grantee::regrole::text, ', '), '') FROM pg_proc f, aclexplode(f.proacl) a
            WHERE f.oid = to_regprocedure('smarteros.claim(jsonb)') AND a.grantee NOT IN (0, f.proowner)), true);
        DROP FUNCTION smarteros.claim(jsonb), smarteros.delivery_documents(bigint[], text),
            smarteros.subscription_documents(integer[]);
    END IF;
END $$;
CREATE OR REPLACE FUNCTION smarteros.claim(p jsonb) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
-- By index alone: hashed, a lane of 25,000 deliveries would be compared with itself. In the order of
-- the partial indexes (see tables.sql), so that what was delivered is never read.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_now timestamp := clock_timestamp() AT TIME ZONE 'utc';
    v_lease uuid := gen_random_uuid();
    v_until timestamp := v_now + make_interval(secs => least(coalesce((p ->> 'lease_seconds')::float, 60), 3600));
    v_limit integer := greatest(1, least(coalesce((p ->> 'limit')::integer, 100), 1000));
    v_per_lane integer := greatest(1, least(coalesce((p ->> 'per_lane')::integer, 50), 1000));
    v_only integer[]; v_exclude integer[];
    v_state smarter_outbox_state;
    v_held boolean;
    v_ids bigint[]; v_subscriptions integer[];
BEGIN
    -- A lease lost in a crash is merely taken again: the POST need not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO v_state FROM smarter_outbox_state;
    v_held := v_state.held OR v_state.tenant_status IN ('suspended', 'deleted');
    IF v_held THEN
        RETURN json_build_object('now', v_now, 'epoch', v_state.epoch, 'held', v_held,
            'subscriptions', '[]'::json, 'deliveries', '[]'::json);
    END IF;
    IF jsonb_typeof(p -> 'subscriptions') = 'array' THEN
        v_only := ARRAY(SELECT jsonb_array_elements_text(p -> 'subscriptions')::integer);
    END IF;
    IF jsonb_typeof(p -> 'exclude') = 'array' THEN
        v_exclude := ARRAY(SELECT jsonb_array_elements_text(p -> 'exclude')::integer);
    END IF;

    WITH heads AS MATERIALIZED (
        SELECT h.* FROM smarter_subscription s CROSS JOIN LATERAL (
            SELECT d.id, d.subscription_id, d.lane FROM smarter_delivery d
            WHERE d.subscription_id = s.id AND d.state IN ('pending', 'leased') AND d.due_at <= v_now
                AND d.id = (SELECT e.id FROM smarter_delivery e
                    WHERE e.subscription_id = d.subscription_id AND e.lane = d.lane
                        AND e.state IN ('pending', 'leased') ORDER BY e.id + 0 LIMIT 1)
            ORDER BY -d.id DESC LIMIT v_limit FOR UPDATE OF d SKIP LOCKED) h
        WHERE s.active AND (v_only IS NULL OR s.id = ANY (v_only))
            AND (v_exclude IS NULL OR NOT s.id = ANY (v_exclude))
    ), followers AS (
        SELECT f.id, ARRAY['pending', 'leased'] AS open,
            row_number() OVER (PARTITION BY h.subscription_id ORDER BY f.id) AS place
        FROM heads h CROSS JOIN LATERAL (
            SELECT d.id FROM smarter_delivery d
            WHERE d.subscription_id = h.subscription_id AND d.lane = h.lane
                AND d.state IN ('pending', 'leased') AND d.id + 0 >= h.id
            ORDER BY d.id + 0 LIMIT v_per_lane) f
    ), leased AS (
        UPDATE smarter_delivery d SET state = 'leased', lease = v_lease, due_at = v_until,
            attempts = d.attempts + 1, worker = left(p ->> 'worker', 100)
        FROM followers f
        WHERE d.id = f.id AND f.place <= v_limit AND d.state = ANY (f.open)
        RETURNING d.id, d.subscription_id
    ) SELECT array_agg(id), array_agg(DISTINCT subscription_id) INTO v_ids, v_subscriptions FROM leased;
    RETURN json_build_object('now', v_now, 'epoch', v_state.epoch, 'held', v_held,
        'subscriptions', smarteros.subscription_documents(v_subscriptions),
        'deliveries', smarteros.delivery_documents(v_ids, v_state.tenant_rut));
END $$;
DO $$ DECLARE v_callers text := current_setting('smarteros.callers', true); BEGIN
    IF v_callers <> '' THEN
        EXECUTE 'GRANT EXECUTE ON FUNCTION smarteros.claim(jsonb) TO ' || v_callers;
        PERFORM set_config('smarteros.callers', '', true);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION smarteros.delivery_documents(p_ids bigint[], p_tenant text) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(json_agg(json_build_object(
        'id', d.id, 'subscription_id', d.subscription_id, 'lane', d.lane, 'attempt', d.attempts,
        'lease', d.lease, 'webhook_id', d.webhook_id, 'replay', d.replay,
        'event', json_build_object('id', e.uid, 'type', e.type, 'schema_version', e.schema_version,
            'aggregate', e.aggregate, 'tenant', p_tenant, 'rut', e.rut, 'epoch', e.epoch,
            'number', e.id, 'time', to_char(e.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'data', e.data, 'previous', e.previous, 'origin', e.origin)) ORDER BY d.id), '[]')
    FROM smarter_delivery d JOIN smarter_event e ON e.id = d.event_id WHERE d.id = ANY (p_ids)
$$;

CREATE OR REPLACE FUNCTION smarteros.subscription_documents(p_ids integer[]) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'target', s.target,
        'url', s.url, 'active', s.active, 'batch_size', s.batch_size, 'config', s.config,
        'company_id', s.company_id, 'keys', coalesce((
            SELECT json_agg(k.secret ORDER BY k.id DESC) FROM smarter_subscription_key k
            WHERE k.subscription_id = s.id AND (k.expires_at IS NULL
                OR k.expires_at > clock_timestamp() AT TIME ZONE 'utc')), '[]'::json)) ORDER BY s.id), '[]')
    FROM smarter_subscription s WHERE s.id = ANY (p_ids)
$$;

-- settle([{id, lease, outcome, status, answer, retry_in}]); retry_in in seconds, by the database's clock.
-- outcome: delivered | retry | dead | released (not tried: the attempt is taken back).
-- Returns {settled, lost: [id]}: lost are those whose lease another connector holds by now.
CREATE OR REPLACE FUNCTION smarteros.settle(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
-- Row by row by their ids. "leased" is compared as a column of the outcome: as a constant, statistics
-- taken while nothing was leased make the planner compare each outcome with all that is leased now.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_now timestamp := clock_timestamp() AT TIME ZONE 'utc';
    v_done bigint[]; v_bad text;
BEGIN
    SELECT o ->> 'outcome' INTO v_bad FROM jsonb_array_elements(p) o
    WHERE coalesce(o ->> 'outcome', '') NOT IN ('delivered', 'retry', 'dead', 'released') LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION 'unknown outcome %', coalesce(v_bad, 'null') USING ERRCODE = '22023'; END IF;
    WITH o AS MATERIALIZED (
        SELECT *, 'leased' AS held FROM jsonb_to_recordset(p) AS x(
            id bigint, lease uuid, outcome text, status text, answer text, retry_in float)
    ), done AS (
        UPDATE smarter_delivery d SET
            state = CASE o.outcome WHEN 'delivered' THEN 'delivered' WHEN 'dead' THEN 'dead' ELSE 'pending' END,
            attempts = d.attempts - (o.outcome = 'released')::integer,
            due_at = CASE o.outcome
                WHEN 'retry' THEN v_now + make_interval(secs => greatest(0, least(coalesce(o.retry_in, 0), 604800)))
                ELSE v_now END,
            delivered_at = CASE o.outcome WHEN 'delivered' THEN v_now END,
            lease = NULL,
            last_status = CASE o.outcome WHEN 'released' THEN d.last_status ELSE left(o.status, 60) END,
            last_answer = CASE o.outcome WHEN 'released' THEN d.last_answer ELSE left(o.answer, 2000) END
        FROM o WHERE d.id = o.id AND d.lease = o.lease AND d.state = o.held
        RETURNING d.id
    ) SELECT coalesce(array_agg(id), '{}') INTO v_done FROM done;
    RETURN jsonb_build_object('settled', cardinality(v_done), 'lost', coalesce((
        SELECT jsonb_agg((o ->> 'id')::bigint) FROM jsonb_array_elements(p) o
        WHERE NOT (o ->> 'id')::bigint = ANY (v_done)), '[]'::jsonb));
END $$;

-- extend({leases: [uuid], lease_seconds}): a slow target is still being served. Returns {extended}.
CREATE OR REPLACE FUNCTION smarteros.extend(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE smarter_delivery SET due_at = clock_timestamp() AT TIME ZONE 'utc'
        + make_interval(secs => least(coalesce((p ->> 'lease_seconds')::float, 60), 3600))
    WHERE state = 'leased' AND lease = ANY (
        ARRAY(SELECT jsonb_array_elements_text(p -> 'leases')::uuid));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('extended', n);
END $$;

-- disable({subscription_id, reason}): the target said it is gone (410). Its deliveries stay pending.
CREATE OR REPLACE FUNCTION smarteros.disable(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n integer;
BEGIN
    UPDATE smarter_subscription SET active = false, disabled_reason = left(p ->> 'reason', 500),
        disabled_at = clock_timestamp() AT TIME ZONE 'utc'
    WHERE id = (p ->> 'subscription_id')::integer AND active;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('disabled', n);
END $$;

-- identity({}) -> {uuid, protocol, database, epoch, held, rut, name, slug, plan, status, subscriptions}
CREATE OR REPLACE FUNCTION smarteros.identity(p jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('protocol', 1, 'database', current_database(),
        'uuid', (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'),
        'now', clock_timestamp() AT TIME ZONE 'utc',
        'epoch', s.epoch, 'held', s.held, 'held_reason', s.held_reason, 'rut', s.tenant_rut,
        'name', s.tenant_name, 'slug', s.tenant_slug, 'plan', s.tenant_plan, 'status', s.tenant_status,
        'subscriptions', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', u.id, 'name', u.name,
            'target', u.target, 'url', u.url, 'active', u.active,
            'disabled_reason', u.disabled_reason,
            'keys', (SELECT count(*) FROM smarter_subscription_key k WHERE k.subscription_id = u.id))
            ORDER BY u.id), '[]') FROM smarter_subscription u))
    FROM smarter_outbox_state s
$$;

-- stats({}) -> {subscriptions: [{id, pending, leased, dead, oldest_seconds}], next_due_seconds}
CREATE OR REPLACE FUNCTION smarteros.stats(p jsonb DEFAULT '{}') RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH t AS (SELECT clock_timestamp() AT TIME ZONE 'utc' AS now), open AS (
        SELECT subscription_id, count(*) FILTER (WHERE state = 'pending') AS pending,
            count(*) FILTER (WHERE state = 'leased') AS leased, min(create_date) AS oldest, min(due_at) AS due
        FROM smarter_delivery WHERE state IN ('pending', 'leased') GROUP BY 1
    ), dead AS (
        SELECT subscription_id, count(*) AS dead FROM smarter_delivery WHERE state = 'dead' GROUP BY 1)
    SELECT jsonb_build_object(
        'next_due_seconds', (SELECT extract(epoch FROM min(due) - min(t.now)) FROM open, t),
        'subscriptions', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.id,
            'pending', coalesce(o.pending, 0), 'leased', coalesce(o.leased, 0),
            'dead', coalesce(d.dead, 0), 'oldest_seconds', extract(epoch FROM t.now - o.oldest)) ORDER BY s.id), '[]')
            FROM smarter_subscription s CROSS JOIN t
            LEFT JOIN open o ON o.subscription_id = s.id LEFT JOIN dead d ON d.subscription_id = s.id))
$$;

-- replay({deliveries: [id]} or {subscription_id, state: dead|delivered, since, until})
-- A dead delivery is tried again under its own webhook id; a delivered one is delivered anew under a
-- new one. Dead events (payload never built) need Odoo and are only counted.
-- Returns {retried, replayed, not_built}.
CREATE OR REPLACE FUNCTION smarteros.replay(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_ids bigint[]; v_retried integer; v_replayed integer; v_unbuilt integer;
    v_now timestamp := clock_timestamp() AT TIME ZONE 'utc';
BEGIN
    IF jsonb_typeof(p -> 'deliveries') = 'array' THEN
        v_ids := ARRAY(SELECT jsonb_array_elements_text(p -> 'deliveries')::bigint);
    ELSE
        v_ids := ARRAY(SELECT d.id FROM smarter_delivery d JOIN smarter_event e ON e.id = d.event_id
            WHERE d.subscription_id = (p ->> 'subscription_id')::integer
                AND d.state = coalesce(p ->> 'state', 'dead')
                AND (p ->> 'since' IS NULL OR e.occurred_at >= (p ->> 'since')::timestamptz AT TIME ZONE 'utc')
                AND (p ->> 'until' IS NULL OR e.occurred_at < (p ->> 'until')::timestamptz AT TIME ZONE 'utc'));
    END IF;
    SELECT count(*) INTO v_unbuilt FROM smarter_delivery d JOIN smarter_event e ON e.id = d.event_id
    WHERE d.id = ANY (v_ids) AND e.state = 'dead';
    UPDATE smarter_delivery d SET state = 'pending', attempts = 0, due_at = v_now, lease = NULL
    FROM smarter_event e WHERE d.id = ANY (v_ids) AND d.state = 'dead' AND e.id = d.event_id AND e.state = 'ready';
    GET DIAGNOSTICS v_retried = ROW_COUNT;
    INSERT INTO smarter_delivery (event_id, subscription_id, company_id, lane, webhook_id, replay)
    SELECT d.event_id, d.subscription_id, d.company_id, d.lane,
        'msg_' || replace(gen_random_uuid()::text, '-', ''), 1 + (
            SELECT max(x.replay) FROM smarter_delivery x
            WHERE x.event_id = d.event_id AND x.subscription_id = d.subscription_id)
    FROM (SELECT DISTINCT ON (event_id, subscription_id) * FROM smarter_delivery
          WHERE id = ANY (v_ids) AND state = 'delivered' ORDER BY event_id, subscription_id, id) d
    ORDER BY d.event_id;
    GET DIAGNOSTICS v_replayed = ROW_COUNT;
    RETURN jsonb_build_object('retried', v_retried, 'replayed', v_replayed, 'not_built', v_unbuilt);
END $$;

-- remember({subscription_id, kind, items: {key: value}}) -> {remembered}
CREATE OR REPLACE FUNCTION smarteros.remember(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n integer;
BEGIN
    INSERT INTO smarter_external_ref (subscription_id, kind, key, value)
    SELECT (p ->> 'subscription_id')::integer, left(p ->> 'kind', 60), left(i.key, 200), i.value
    FROM jsonb_each(p -> 'items') i
    ON CONFLICT (subscription_id, kind, key) DO UPDATE
        SET value = excluded.value, updated_at = clock_timestamp() AT TIME ZONE 'utc';
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('remembered', n);
END $$;

-- recall({subscription_id, kind, keys: [key]}) -> {key: value}; forget: the same, and the rows go.
CREATE OR REPLACE FUNCTION smarteros.recall(p jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM smarter_external_ref
    WHERE subscription_id = (p ->> 'subscription_id')::integer AND kind = p ->> 'kind'
        AND key = ANY (ARRAY(SELECT jsonb_array_elements_text(p -> 'keys')))
$$;
CREATE OR REPLACE FUNCTION smarteros.forget(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n integer;
BEGIN
    DELETE FROM smarter_external_ref
    WHERE subscription_id = (p ->> 'subscription_id')::integer AND kind = p ->> 'kind'
        AND key = ANY (ARRAY(SELECT jsonb_array_elements_text(p -> 'keys')));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('forgotten', n);
END $$;

-- backfill({subscription_id, company_id?}) -> {id}; backfill_status({id}) -> {state, captured, error}
CREATE OR REPLACE FUNCTION smarteros.backfill(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_id integer;
BEGIN
    INSERT INTO smarter_backfill (subscription_id, company_id)
    SELECT s.id, (p ->> 'company_id')::integer FROM smarter_subscription s
    WHERE s.id = (p ->> 'subscription_id')::integer RETURNING id INTO v_id;
    IF v_id IS NULL THEN
        RAISE EXCEPTION 'unknown subscription %', p ->> 'subscription_id' USING ERRCODE = '22023';
    END IF;
    RETURN jsonb_build_object('id', v_id);
END $$;
CREATE OR REPLACE FUNCTION smarteros.backfill_status(p jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('id', id, 'state', state, 'captured', captured, 'error', error)
    FROM smarter_backfill WHERE id = (p ->> 'id')::integer
$$;

-- send_test({subscription_id, message}) -> {event_id}: a test.ping event for one subscription.
CREATE OR REPLACE FUNCTION smarteros.send_test(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_ids bigint[];
BEGIN
    IF NOT EXISTS (SELECT 1 FROM smarter_subscription WHERE id = (p ->> 'subscription_id')::integer) THEN
        RAISE EXCEPTION 'unknown subscription %', p ->> 'subscription_id' USING ERRCODE = '22023';
    END IF;
    SELECT smarteros.enqueue(jsonb_build_array(jsonb_build_object('type', 'test.ping',
        'aggregate', 'smarter.subscription/' || (p ->> 'subscription_id'),
        'rut', s.tenant_rut, 'origin', 'test',
        'data', jsonb_build_object('id', u.id, 'model', 'smarter.subscription', 'name', u.name,
            'message', left(coalesce(p ->> 'message', 'SmarterOS'), 200)),
        'subscriptions', jsonb_build_array((p ->> 'subscription_id')::integer))))
    INTO v_ids FROM smarter_outbox_state s, smarter_subscription u
    WHERE u.id = (p ->> 'subscription_id')::integer;
    PERFORM pg_notify('smarteros_outbox', current_database());
    RETURN jsonb_build_object('event_id', (SELECT uid FROM smarter_event WHERE id = v_ids[1]));
END $$;

-- Nothing here is for everybody. Provisioning grants the protocol to the connector's role; the
-- two document builders above run inside claim() with the owner's rights and are granted to nobody.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA smarteros FROM PUBLIC;
