-- What Odoo calls inside the business transaction. Never granted to the connector.

CREATE SCHEMA IF NOT EXISTS smarteros;
REVOKE ALL ON SCHEMA smarteros FROM PUBLIC;

-- enqueue(events): store the events of one flush and one delivery for each subscription they go to.
-- events: [{type, model, res_id, aggregate, company_id, rut, data, previous, state?, error?, origin?,
--           schema_version?, user_id?, subscriptions: [id], dead: {subscription id: error},
--           absorbed_by?: [type]}]
-- The same (transaction, type, aggregate) again replaces the data and keeps the first old values; if
-- another event of the aggregate came in between, it is stored anew behind that one, so that the
-- last event is always the last state. An event absorbed by one this transaction has already
-- stored (contact.updated by contact.created) only renews the data of that one.
-- Returns the ids of the events.
CREATE OR REPLACE FUNCTION smarteros.enqueue(p_events jsonb) RETURNS bigint[]
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH input AS (
        SELECT e.*, n FROM jsonb_array_elements(p_events) WITH ORDINALITY AS a(value, n),
        jsonb_to_record(a.value) AS e(
            type text, model text, res_id bigint, aggregate text, company_id integer, rut text,
            data jsonb, previous jsonb, state text, error text, origin text, schema_version integer,
            user_id integer, subscriptions integer[], dead jsonb, absorbed_by text[])
    ), own AS MATERIALIZED (                    -- of this transaction, about the same aggregates
        SELECT ev.id, ev.type, ev.aggregate FROM smarter_outbox_state s,
        (SELECT DISTINCT aggregate FROM input) a, smarter_event ev
        WHERE ev.epoch = s.epoch AND ev.tx = pg_current_xact_id() AND ev.aggregate = a.aggregate
    ), placed AS (
        SELECT i.*, coalesce((SELECT o.type FROM own o WHERE o.aggregate = i.aggregate
            AND o.type = ANY (i.absorbed_by) ORDER BY o.id DESC LIMIT 1), i.type) AS stored_type
        FROM input i
    ), overtaken AS (
        DELETE FROM smarter_event ev USING own o, placed p
        WHERE ev.id = o.id AND p.stored_type = p.type AND p.type = o.type
            AND p.aggregate = o.aggregate
            AND EXISTS (SELECT 1 FROM own x WHERE x.aggregate = o.aggregate AND x.id > o.id)
        RETURNING ev.type, ev.aggregate, ev.previous
    ), stored AS (
        INSERT INTO smarter_event AS ev (type, schema_version, model, res_id, aggregate, company_id,
            rut, epoch, data, previous, state, error, origin, create_uid)
        SELECT p.stored_type, coalesce(p.schema_version, 1), p.model, p.res_id, p.aggregate,
            p.company_id, p.rut, s.epoch, coalesce(p.data, '{}'),
            CASE WHEN p.stored_type <> p.type AND p.stored_type LIKE '%.created' THEN '{}'
                ELSE coalesce(p.previous, '{}') || coalesce(v.previous, '{}') END,
            coalesce(p.state, 'ready'), left(p.error, 2000), coalesce(p.origin, 'capture'), p.user_id
        FROM placed p LEFT JOIN overtaken v ON v.type = p.stored_type AND v.aggregate = p.aggregate
        CROSS JOIN smarter_outbox_state s ORDER BY p.n
        ON CONFLICT (epoch, tx, type, aggregate) DO UPDATE SET
            data = excluded.data, state = excluded.state, error = excluded.error, rut = excluded.rut,
            company_id = excluded.company_id, previous = excluded.previous || ev.previous
        RETURNING ev.id, ev.uid, ev.type, ev.aggregate, ev.company_id
    ), routed AS (
        INSERT INTO smarter_delivery (event_id, subscription_id, company_id, lane, state, webhook_id, last_answer)
        SELECT st.id, sub.id, st.company_id, st.aggregate,
            CASE WHEN p.state = 'dead' OR p.dead ? sub.id::text THEN 'dead' ELSE 'pending' END,
            'msg_' || replace(st.uid::text, '-', '') || '_' || sub.id,
            left(coalesce(p.dead ->> sub.id::text, p.error), 2000)
        FROM stored st JOIN placed p USING (type, aggregate),
        LATERAL unnest(p.subscriptions) AS sub(id) ORDER BY st.id
        ON CONFLICT (event_id, subscription_id, replay) DO UPDATE
            SET state = excluded.state, last_answer = excluded.last_answer
    )
    SELECT array_agg(id ORDER BY id) FROM stored
$$;
REVOKE ALL ON FUNCTION smarteros.enqueue(jsonb) FROM PUBLIC;
