-- The KPI warehouse: what Metabase reads. Idempotent; run as the owner, who cannot log in.
--
-- A fact or dimension is known by (tenant, id): the companies of a holding share one Odoo database and
-- its ids, so a record that moves to another company of the tenant stays one row. `rut` is the
-- company's and decides who sees the row. Version = (epoch, number) of the event that wrote it last.
-- A deleted record keeps a tombstone (`deleted`, no values), so that a late event does not bring it
-- back; readers never see tombstones. Names beside a key are the dimension's (see NAMINGS in tables.py).
-- Money is in the company's currency (`currency`; CLP without decimals); `amount_currency` is a
-- document's total in its own (`document_currency`).

CREATE SCHEMA IF NOT EXISTS wh;
CREATE SCHEMA IF NOT EXISTS kpi;

CREATE TABLE IF NOT EXISTS wh.tenants (
    rut text PRIMARY KEY CHECK (rut ~ '^[1-9][0-9]{{0,7}}-[0-9K]$'),
    tenant text NOT NULL,                       -- principal RUT of the tenant this RUT belongs to
    name text, slug text, plan text, status text,
    epoch integer NOT NULL DEFAULT 0, number bigint NOT NULL DEFAULT 0,
    event_id uuid, event_time timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant, rut)
);

-- Which RUTs a login may read. Policies look here by current_user, which a reader cannot choose.
CREATE TABLE IF NOT EXISTS wh.role_map (
    rolname name NOT NULL,
    rut text NOT NULL REFERENCES wh.tenants,
    grows boolean NOT NULL DEFAULT false,       -- also reads companies the tenant adds later
    PRIMARY KEY (rolname, rut)
);

CREATE TABLE IF NOT EXISTS wh.dates (
    date date PRIMARY KEY,
    year smallint NOT NULL, quarter smallint NOT NULL, month smallint NOT NULL,
    month_name text NOT NULL, month_start date NOT NULL, day smallint NOT NULL,
    iso_year smallint NOT NULL, iso_week smallint NOT NULL, iso_weekday smallint NOT NULL,
    weekday_name text NOT NULL, is_weekend boolean NOT NULL
);
INSERT INTO wh.dates
SELECT d, extract(year FROM d), extract(quarter FROM d), extract(month FROM d),
    (ARRAY['enero', 'febrero', 'marzo', 'abril', 'mayo', 'junio', 'julio', 'agosto', 'septiembre',
           'octubre', 'noviembre', 'diciembre'])[extract(month FROM d)::int],
    date_trunc('month', d)::date, extract(day FROM d),
    extract(isoyear FROM d), extract(week FROM d), extract(isodow FROM d),
    (ARRAY['lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado', 'domingo'])[extract(isodow FROM d)::int],
    extract(isodow FROM d) > 5
FROM (SELECT g::date AS d FROM generate_series(timestamp '2020-01-01', '2035-12-31', '1 day') g) AS days
ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS wh.products (
    tenant text NOT NULL, rut text NOT NULL, product_id bigint NOT NULL,
    product_key text, template_id bigint, sku text, barcode text, name text, category text, kind text,
    price numeric, cost numeric, active boolean, tracked boolean,
    {version}, PRIMARY KEY (tenant, product_id)
);
CREATE INDEX IF NOT EXISTS products_rut ON wh.products (rut, product_key);

-- Customers without e-mail, telephone and street, which no figure needs, and without balance and first
-- sale, which follow from invoices and orders and would be stale here.
CREATE TABLE IF NOT EXISTS wh.customers (
    tenant text NOT NULL, rut text NOT NULL, customer_id bigint NOT NULL,
    partner_key text, partner_rut text, name text, is_company boolean, parent_id bigint,
    comuna text, region text, country text, labels text[], active boolean,
    {version}, PRIMARY KEY (tenant, customer_id)
);
CREATE INDEX IF NOT EXISTS customers_rut ON wh.customers (rut, partner_key);

-- Sale orders and POS orders. Odoo counts the two separately: a POS order's ids are negative here.
CREATE TABLE IF NOT EXISTS wh.orders (
    tenant text NOT NULL, rut text NOT NULL, order_id bigint NOT NULL,
    name text, channel text, partner_key text, partner_rut text, partner_name text, salesperson text,
    state text, ordered_at timestamptz, confirmed_at timestamptz,
    currency text, document_currency text, amount_currency numeric, net numeric, iva numeric, total numeric,
    origin text, client_ref text, lead_id bigint, is_test boolean,
    {version}, PRIMARY KEY (tenant, order_id)
);
CREATE INDEX IF NOT EXISTS orders_confirmed ON wh.orders (rut, confirmed_at) WHERE state = 'sale';
CREATE INDEX IF NOT EXISTS orders_rut ON wh.orders (rut, order_id);

CREATE TABLE IF NOT EXISTS wh.order_lines (
    tenant text NOT NULL, rut text NOT NULL, order_id bigint NOT NULL, line_id bigint NOT NULL,
    product_key text, sku text, product text, kind text, qty numeric, uom text, unit_price numeric,
    net numeric, cost numeric,
    epoch integer NOT NULL, number bigint NOT NULL, PRIMARY KEY (tenant, order_id, line_id)
);
CREATE INDEX IF NOT EXISTS order_lines_rut ON wh.order_lines (rut, order_id);

CREATE TABLE IF NOT EXISTS wh.invoices (
    tenant text NOT NULL, rut text NOT NULL, invoice_id bigint NOT NULL,
    name text, move_type text, dte smallint, folio bigint, state text, payment_state text, sii text,
    issue_date date, due_date date, partner_key text, partner_rut text, partner_name text,
    currency text, document_currency text, amount_currency numeric, net numeric, exempt numeric, iva numeric, total numeric, residual numeric,
    order_ids bigint[], reversed_id bigint,
    {version}, PRIMARY KEY (tenant, invoice_id)
);
CREATE INDEX IF NOT EXISTS invoices_issue ON wh.invoices (rut, issue_date);
CREATE INDEX IF NOT EXISTS invoices_open ON wh.invoices (rut, due_date) WHERE residual <> 0;

CREATE TABLE IF NOT EXISTS wh.invoice_lines (
    tenant text NOT NULL, rut text NOT NULL, invoice_id bigint NOT NULL, line_id bigint NOT NULL,
    product_key text, sku text, product text, kind text, qty numeric, uom text, unit_price numeric,
    net numeric, cost numeric,
    epoch integer NOT NULL, number bigint NOT NULL, PRIMARY KEY (tenant, invoice_id, line_id)
);
CREATE INDEX IF NOT EXISTS invoice_lines_rut ON wh.invoice_lines (rut, invoice_id);

CREATE TABLE IF NOT EXISTS wh.payments (
    tenant text NOT NULL, rut text NOT NULL, payment_id bigint NOT NULL,
    name text, direction text, state text, paid_at date, amount numeric,
    currency text, document_currency text, amount_currency numeric, method text,
    partner_key text, partner_rut text, partner_name text, invoice_ids bigint[],
    {version}, PRIMARY KEY (tenant, payment_id)
);
CREATE INDEX IF NOT EXISTS payments_rut ON wh.payments (rut, paid_at);

-- One row per Odoo quant (product, location, lot, owner); figures add them up.
CREATE TABLE IF NOT EXISTS wh.stock (
    tenant text NOT NULL, rut text NOT NULL, quant_id bigint NOT NULL,
    product_key text, sku text, product text, tracked boolean, warehouse text, location text,
    on_hand numeric, reserved numeric, available numeric, min_qty numeric,
    {version}, PRIMARY KEY (tenant, quant_id)
);
CREATE INDEX IF NOT EXISTS stock_rut ON wh.stock (rut, product_key);

CREATE TABLE IF NOT EXISTS wh.leads (
    tenant text NOT NULL, rut text NOT NULL, lead_id bigint NOT NULL,
    name text, kind text, partner_key text, partner_rut text, partner_name text,
    source text, medium text, stage text, probability numeric, expected_revenue numeric,
    created_at timestamptz, won_at timestamptz, lost_at timestamptz, lost_reason text,
    salesperson text, order_id bigint, order_ids bigint[],
    {version}, PRIMARY KEY (tenant, lead_id)
);
CREATE INDEX IF NOT EXISTS leads_rut ON wh.leads (rut, created_at);

CREATE TABLE IF NOT EXISTS wh.deliveries (
    tenant text NOT NULL, rut text NOT NULL, picking_id bigint NOT NULL,
    name text, kind text, state text, order_id bigint, origin text,
    partner_key text, partner_rut text, partner_name text,
    scheduled_at timestamptz, done_at timestamptz, tracking text, units numeric,
    {version}, PRIMARY KEY (tenant, picking_id)
);
CREATE INDEX IF NOT EXISTS deliveries_rut ON wh.deliveries (rut, done_at);
CREATE INDEX IF NOT EXISTS deliveries_order ON wh.deliveries (rut, order_id);

-- Columns that a warehouse of an earlier version lacks.
ALTER TABLE wh.orders ADD COLUMN IF NOT EXISTS document_currency text,
    ADD COLUMN IF NOT EXISTS amount_currency numeric;
ALTER TABLE wh.invoices ADD COLUMN IF NOT EXISTS document_currency text,
    ADD COLUMN IF NOT EXISTS amount_currency numeric;
ALTER TABLE wh.payments ADD COLUMN IF NOT EXISTS document_currency text,
    ADD COLUMN IF NOT EXISTS amount_currency numeric;

-- By these the writer finds the facts that repeat a name.
CREATE INDEX IF NOT EXISTS orders_partner ON wh.orders (tenant, partner_key);
CREATE INDEX IF NOT EXISTS invoices_partner ON wh.invoices (tenant, partner_key);
CREATE INDEX IF NOT EXISTS payments_partner ON wh.payments (tenant, partner_key);
CREATE INDEX IF NOT EXISTS leads_partner ON wh.leads (tenant, partner_key);
CREATE INDEX IF NOT EXISTS deliveries_partner ON wh.deliveries (tenant, partner_key);
CREATE INDEX IF NOT EXISTS order_lines_product ON wh.order_lines (tenant, product_key);
CREATE INDEX IF NOT EXISTS invoice_lines_product ON wh.invoice_lines (tenant, product_key);
CREATE INDEX IF NOT EXISTS stock_product ON wh.stock (tenant, product_key);

-- How fresh a RUT's figures are: the load's clock and the newest event's.
CREATE TABLE IF NOT EXISTS wh.watermarks (
    rut text PRIMARY KEY REFERENCES wh.tenants, tenant text NOT NULL,
    event_time timestamptz NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now()
);

-- Test events as they came in. A rebuild sends one and takes its version as the line between what
-- must be confirmed and what is confirmed. For the writer alone.
CREATE TABLE IF NOT EXISTS wh.marks (
    event_id uuid PRIMARY KEY, tenant text NOT NULL,
    epoch integer NOT NULL, number bigint NOT NULL, received_at timestamptz NOT NULL DEFAULT now()
);

-- register_rut(tenant, rut): a holding's further company enters with its first event, and the tenant's
-- readers see it. For the writer, who can change neither table. Answers ok | no_tenant | taken.
CREATE OR REPLACE FUNCTION wh.register_rut(p_tenant text, p_rut text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE v_tenant text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM wh.tenants WHERE rut = p_tenant AND tenant = p_tenant) THEN
        RETURN 'no_tenant';
    END IF;
    INSERT INTO wh.tenants (rut, tenant) VALUES (p_rut, p_tenant) ON CONFLICT DO NOTHING;
    SELECT tenant INTO v_tenant FROM wh.tenants WHERE rut = p_rut;
    IF v_tenant <> p_tenant THEN RETURN 'taken'; END IF;
    INSERT INTO wh.role_map (rolname, rut, grows)
    SELECT rolname, p_rut, true FROM wh.role_map WHERE rut = p_tenant AND grows ON CONFLICT DO NOTHING;
    RETURN 'ok';
END $$;
