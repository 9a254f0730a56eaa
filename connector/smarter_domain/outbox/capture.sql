-- What Odoo calls inside the business transaction. Never granted to the connector.

CREATE SCHEMA IF NOT EXISTS smarteros;
REVOKE ALL ON SCHEMA smarteros FROM PUBLIC;

-- enqueue(events): store the events of one flush and one delivery for each subscription they go to.
-- events: [{type, model, res_id, aggregate, company_id, rut, data, previous, state?, error?, origin?,
--           schema_version?, user_id?, subscriptions: [id], dead: {subscription id: error},
--           absorbed_by?: [type], customer?: what customer_figures takes, whose answer joins the data}]
-- The same (transaction, type, aggregate) again replaces the data and keeps the first old values; if
-- another event of the aggregate came in between, it is stored anew behind that one, so that the
-- last event is always the last state. An event absorbed by one this transaction has already
-- stored (contact.updated by contact.created) only renews the data of that one.
-- Returns the ids of the events.
CREATE OR REPLACE FUNCTION smarteros.enqueue(p_events jsonb) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
-- Small statements in a loop: cheap to plan, and their plans are kept while Odoo keeps its cursor. One
-- large statement was planned anew for each event, which cost more than storing it.
DECLARE
    v_epoch integer := (SELECT epoch FROM smarter_outbox_state);
    v_ids bigint[]; v_id bigint; v_uid uuid;
    v_absorber text; v_previous jsonb;
    e record;
BEGIN
    FOR e IN SELECT * FROM jsonb_to_recordset(p_events) AS x(
        type text, model text, res_id bigint, aggregate text, company_id integer, rut text,
        data jsonb, previous jsonb, state text, error text, origin text, schema_version integer,
        user_id integer, subscriptions integer[], dead jsonb, absorbed_by text[], customer jsonb)
    LOOP
        v_absorber := NULL;
        v_previous := coalesce(e.previous, '{}');
        IF EXISTS (SELECT FROM smarter_event ev WHERE ev.epoch = v_epoch
            AND ev.tx = pg_current_xact_id() AND ev.aggregate = e.aggregate) THEN
            SELECT ev.type INTO v_absorber FROM smarter_event ev
            WHERE ev.epoch = v_epoch AND ev.tx = pg_current_xact_id()
                AND ev.aggregate = e.aggregate AND ev.type = ANY (e.absorbed_by)
            ORDER BY ev.id DESC LIMIT 1;
            IF v_absorber IS NULL THEN
                v_previous := v_previous || smarteros.take_back(v_epoch, e.aggregate, e.type);
            ELSIF v_absorber LIKE '%.created' THEN
                v_previous := '{}';
            END IF;
        END IF;
        IF e.customer IS NOT NULL AND e.state IS NULL THEN
            BEGIN
                e.data := e.data || smarteros.customer_figures(e.customer);
            EXCEPTION WHEN OTHERS THEN  -- the person's work goes on; the event is shown as dead
                e.data := '{}'; e.state := 'dead'; e.error := SQLERRM;
            END;
        END IF;
        INSERT INTO smarter_event AS ev (type, schema_version, model, res_id, aggregate, company_id,
            rut, epoch, data, previous, state, error, origin, create_uid)
        VALUES (coalesce(v_absorber, e.type), coalesce(e.schema_version, 1), e.model, e.res_id,
            e.aggregate, e.company_id, e.rut, v_epoch, coalesce(e.data, '{}'), v_previous,
            coalesce(e.state, 'ready'), left(e.error, 2000), coalesce(e.origin, 'capture'), e.user_id)
        ON CONFLICT (epoch, tx, type, aggregate) DO UPDATE SET
            data = excluded.data, state = excluded.state, error = excluded.error, rut = excluded.rut,
            company_id = excluded.company_id, previous = excluded.previous || ev.previous
        RETURNING ev.id, ev.uid INTO v_id, v_uid;
        v_ids := v_ids || v_id;
        CONTINUE WHEN v_absorber IS NOT NULL;
        INSERT INTO smarter_delivery
            (event_id, subscription_id, company_id, lane, state, webhook_id, last_answer)
        SELECT v_id, sub.id, e.company_id, e.aggregate,
            CASE WHEN e.state = 'dead' OR e.dead ? sub.id::text THEN 'dead' ELSE 'pending' END,
            'msg_' || replace(v_uid::text, '-', '') || '_' || sub.id,
            left(coalesce(e.dead ->> sub.id::text, e.error), 2000)
        FROM unnest(e.subscriptions) AS sub(id)
        ON CONFLICT (event_id, subscription_id, replay) DO UPDATE
            SET state = excluded.state, last_answer = excluded.last_answer;
    END LOOP;
    RETURN v_ids;
END $$;
REVOKE ALL ON FUNCTION smarteros.enqueue(jsonb) FROM PUBLIC;

-- take_back: remove this transaction's event of a type if another of the aggregate came after it.
-- Returns the old values it held; {} when it may stay, or is not there.
CREATE OR REPLACE FUNCTION smarteros.take_back(p_epoch integer, p_aggregate text, p_type text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_previous jsonb;
BEGIN
    DELETE FROM smarter_event ev WHERE ev.epoch = p_epoch AND ev.tx = pg_current_xact_id()
        AND ev.aggregate = p_aggregate AND ev.type = p_type
        AND EXISTS (SELECT FROM smarter_event x WHERE x.epoch = p_epoch
            AND x.tx = pg_current_xact_id() AND x.aggregate = p_aggregate AND x.id > ev.id)
    RETURNING ev.previous INTO v_previous;
    RETURN coalesce(v_previous, '{}');
END $$;
REVOKE ALL ON FUNCTION smarteros.take_back(integer, text, text) FROM PUBLIC;

-- customer_figures({id, owner, lang, scope: [company]|null, rounding}): labels, balance, last order
-- and invoice of a contact, read where the event is stored: it costs no round trip.
-- owner: its commercial entity, whose balance it is. scope: the companies whose documents count;
-- null: those figures are null. rounding: of the currency. Days are those of Chile.
CREATE OR REPLACE FUNCTION smarteros.customer_figures(p jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_id integer := (p ->> 'id')::integer;
    v_owner integer := (p ->> 'owner')::integer;
    v_lang text := p ->> 'lang';
    v_unit numeric := (p ->> 'rounding')::numeric;
    v_scope integer[];
    v_labels jsonb; v_balance numeric; v_order jsonb; v_invoice jsonb;
BEGIN
    SELECT jsonb_agg(x.label ORDER BY x.label, x.id) INTO v_labels FROM (
        SELECT c.id, coalesce(c.name ->> v_lang, c.name ->> 'en_US') AS label
        FROM res_partner_res_partner_category_rel r JOIN res_partner_category c ON c.id = r.category_id
        WHERE r.partner_id = v_id AND c.active) x;
    IF jsonb_typeof(p -> 'scope') = 'array' THEN
        v_scope := ARRAY(SELECT jsonb_array_elements_text(p -> 'scope')::integer);
        -- Account's index of open items.
        SELECT coalesce(sum(l.amount_residual), 0) INTO v_balance
        FROM account_move_line l JOIN account_account a ON a.id = l.account_id
        WHERE l.partner_id = v_owner AND l.company_id = ANY (v_scope) AND l.parent_state = 'posted'
            AND l.reconciled IS NOT TRUE AND a.account_type = 'asset_receivable';
        IF to_regclass('sale_order') IS NOT NULL THEN
            SELECT jsonb_build_object('name', o.name,
                'date', (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE 'America/Santiago')::date,
                'total', trim_scale(round(o.amount_total / coalesce(nullif(o.currency_rate::numeric, 0), 1) / v_unit) * v_unit))
            INTO v_order FROM sale_order o
            WHERE o.partner_id = v_id AND o.company_id = ANY (v_scope) AND o.state = 'sale'
            ORDER BY o.date_order DESC, o.id DESC LIMIT 1;
        END IF;
        SELECT jsonb_build_object('name', i.name, 'date', i.invoice_date,
            'total', trim_scale(round(i.amount_total_signed / v_unit) * v_unit))
        INTO v_invoice FROM account_move i
        WHERE i.partner_id = v_id AND i.company_id = ANY (v_scope) AND i.state = 'posted'
            AND i.move_type = 'out_invoice'
        ORDER BY i.invoice_date DESC, i.id DESC LIMIT 1;
    END IF;
    RETURN jsonb_build_object('labels', coalesce(v_labels, '[]'), 'last_order', v_order,
        'last_invoice', v_invoice, 'balance', trim_scale(round(v_balance / v_unit) * v_unit));
END $$;
REVOKE ALL ON FUNCTION smarteros.customer_figures(jsonb) FROM PUBLIC;
