-- What Odoo calls inside the business transaction. Never granted to the connector.

CREATE SCHEMA IF NOT EXISTS smarteros;
REVOKE ALL ON SCHEMA smarteros FROM PUBLIC;

-- enqueue(events): store the events of one flush and one delivery for each subscription they go to.
-- events: [{type, model, res_id, aggregate, company_id, rut, data, previous, state?, error?, origin?,
--           schema_version?, user_id?, subscriptions: [id], dead: {subscription id: error}}]
-- The same (transaction, type, aggregate) again replaces the data and keeps the first old values.
-- Returns the ids of the events.
CREATE OR REPLACE FUNCTION smarteros.enqueue(p_events jsonb) RETURNS bigint[]
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH input AS (
        SELECT e.*, n FROM jsonb_array_elements(p_events) WITH ORDINALITY AS a(value, n),
        jsonb_to_record(a.value) AS e(
            type text, model text, res_id bigint, aggregate text, company_id integer, rut text,
            data jsonb, previous jsonb, state text, error text, origin text, schema_version integer,
            user_id integer, subscriptions integer[], dead jsonb)
    ), stored AS (
        INSERT INTO smarter_event AS ev (type, schema_version, model, res_id, aggregate, company_id,
            rut, epoch, data, previous, state, error, origin, create_uid)
        SELECT i.type, coalesce(i.schema_version, 1), i.model, i.res_id, i.aggregate, i.company_id,
            i.rut, s.epoch, coalesce(i.data, '{}'), coalesce(i.previous, '{}'),
            coalesce(i.state, 'ready'), left(i.error, 2000), coalesce(i.origin, 'capture'), i.user_id
        FROM input i, smarter_outbox_state s ORDER BY i.n
        ON CONFLICT (epoch, tx, type, aggregate) DO UPDATE SET
            data = excluded.data, state = excluded.state, error = excluded.error, rut = excluded.rut,
            company_id = excluded.company_id, previous = excluded.previous || ev.previous
        RETURNING ev.id, ev.uid, ev.type, ev.aggregate, ev.company_id
    ), routed AS (
        INSERT INTO smarter_delivery (event_id, subscription_id, company_id, lane, state, webhook_id, last_answer)
        SELECT st.id, sub.id, st.company_id, st.aggregate,
            CASE WHEN i.state = 'dead' OR i.dead ? sub.id::text THEN 'dead' ELSE 'pending' END,
            'msg_' || replace(st.uid::text, '-', '') || '_' || sub.id,
            left(coalesce(i.dead ->> sub.id::text, i.error), 2000)
        FROM stored st JOIN input i USING (type, aggregate),
        LATERAL unnest(i.subscriptions) AS sub(id) ORDER BY st.id
        ON CONFLICT (event_id, subscription_id, replay) DO NOTHING
    )
    SELECT array_agg(id ORDER BY id) FROM stored
$$;
REVOKE ALL ON FUNCTION smarteros.enqueue(jsonb) FROM PUBLIC;
