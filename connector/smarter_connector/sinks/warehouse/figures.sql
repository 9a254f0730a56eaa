-- Figures on the facts. Functions and views run with the rights of whoever asks, so row-level
-- security decides what they count; a foreign RUT gives an empty answer, not an error.
-- Days are Santiago's. `kpi.ahora` lets a test or a report ask as of another moment.

CREATE OR REPLACE FUNCTION kpi.ahora() RETURNS timestamptz LANGUAGE sql STABLE
RETURN coalesce(nullif(current_setting('kpi.ahora', true), '')::timestamptz, now());

CREATE OR REPLACE FUNCTION kpi.dia(t timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
RETURN (t AT TIME ZONE 'America/Santiago')::date;

CREATE OR REPLACE FUNCTION kpi.ini(d date) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN d::timestamp AT TIME ZONE 'America/Santiago';

CREATE OR REPLACE FUNCTION kpi.hoy() RETURNS date LANGUAGE sql STABLE
RETURN kpi.dia(kpi.ahora());

-- rango(p): first and last day of a period and of the one it is compared with. p: hoy (with the same
-- weekday), 7d, 30d, 90d, mes (to date, with the same days of last month), mes_anterior.
CREATE OR REPLACE FUNCTION kpi.rango(p text) RETURNS TABLE (d0 date, d1 date, p0 date, p1 date)
LANGUAGE sql STABLE BEGIN ATOMIC
    WITH t AS (
        SELECT kpi.hoy() AS h, date_trunc('month', kpi.hoy())::date AS m,
            (date_trunc('month', kpi.hoy()) - interval '1 month')::date AS m1,
            (date_trunc('month', kpi.hoy()) - interval '2 months')::date AS m2,
            CASE p WHEN '7d' THEN 7 WHEN '90d' THEN 90 ELSE 30 END AS n)
    SELECT CASE p WHEN 'hoy' THEN h WHEN 'mes' THEN m WHEN 'mes_anterior' THEN m1 ELSE h - n + 1 END,
        CASE p WHEN 'mes_anterior' THEN m - 1 ELSE h END,
        CASE p WHEN 'hoy' THEN h - 7 WHEN 'mes' THEN m1 WHEN 'mes_anterior' THEN m2 ELSE h - 2 * n + 1 END,
        CASE p WHEN 'hoy' THEN h - 7 WHEN 'mes' THEN least(m1 + (h - m), m - 1)
            WHEN 'mes_anterior' THEN m1 - 1 ELSE h - n END
    FROM t;
END;

-- Confirmed, not cancelled, not a test; by the day of confirmation.
CREATE OR REPLACE FUNCTION kpi.ventas(p_rut text, p text) RETURNS TABLE (
    neto numeric, con_iva numeric, pedidos bigint, ticket numeric, neto_prev numeric, var_pct numeric)
LANGUAGE sql STABLE BEGIN ATOMIC
    WITH o AS (
        SELECT x.net, x.total, x.confirmed_at >= kpi.ini(r.d0) AS cur
        FROM kpi.rango(p) r, wh.orders x
        WHERE x.rut = p_rut AND x.state = 'sale' AND NOT x.is_test
            AND (x.confirmed_at >= kpi.ini(r.d0) AND x.confirmed_at < kpi.ini(r.d1 + 1)
                OR x.confirmed_at >= kpi.ini(r.p0) AND x.confirmed_at < kpi.ini(r.p1 + 1))
    ), a AS (
        SELECT coalesce(sum(net) FILTER (WHERE cur), 0) AS n, coalesce(sum(total) FILTER (WHERE cur), 0) AS t,
            count(*) FILTER (WHERE cur) AS c, coalesce(sum(net) FILTER (WHERE NOT cur), 0) AS prev FROM o)
    SELECT n, t, c, round(n / nullif(c, 0)), prev, round(100 * (n - prev) / nullif(prev, 0), 1) FROM a;
END;

-- Posted documents by their own date: a credit note subtracts on its date, a debit note adds, a guía
-- (52) never counts, nor does what the SII rejected. IVA is an estimate: no remanente, no PPM.
CREATE OR REPLACE FUNCTION kpi.facturado(p_rut text, p text) RETURNS TABLE (
    neto numeric, exento numeric, iva_debito numeric, iva_credito numeric, iva_estimado numeric,
    notas_credito numeric, rechazados bigint, por_enviar bigint)
LANGUAGE sql STABLE BEGIN ATOMIC
    WITH i AS (
        SELECT CASE WHEN x.move_type LIKE '%refund' THEN -1 ELSE 1 END AS s,
            x.move_type LIKE 'out%' AS venta, coalesce(x.sii, '') AS sii, x.net, x.exempt, x.iva
        FROM kpi.rango(p) r, wh.invoices x
        WHERE x.rut = p_rut AND x.state = 'posted' AND x.issue_date BETWEEN r.d0 AND r.d1
            AND x.dte IS DISTINCT FROM 52 AND (x.move_type LIKE 'out%' OR x.move_type LIKE 'in%')
    ), v AS (
        SELECT coalesce(sum(s * net) FILTER (WHERE venta), 0) AS neto,
            coalesce(sum(s * exempt) FILTER (WHERE venta), 0) AS exento,
            coalesce(sum(s * iva) FILTER (WHERE venta), 0) AS debito,
            coalesce(sum(s * iva) FILTER (WHERE NOT venta), 0) AS credito,
            coalesce(sum(net + exempt) FILTER (WHERE venta AND s < 0), 0) AS notas
        FROM i WHERE sii <> 'rejected')
    SELECT v.neto, v.exento, v.debito, v.credito, v.debito - v.credito, v.notas,
        (SELECT count(*) FROM i WHERE venta AND sii = 'rejected'),
        (SELECT count(*) FROM i WHERE venta AND sii = 'pending') FROM v;
END;

-- What customers owe by days overdue; open credit notes subtract; without due date the issue date.
CREATE OR REPLACE FUNCTION kpi.por_cobrar(p_rut text) RETURNS TABLE (
    tramo text, orden integer, documentos bigint, saldo numeric)
LANGUAGE sql STABLE BEGIN ATOMIC
    WITH i AS (
        SELECT CASE WHEN x.move_type = 'out_refund' THEN -abs(x.residual) ELSE x.residual END AS s,
            kpi.hoy() - coalesce(x.due_date, x.issue_date) AS atraso
        FROM wh.invoices x
        WHERE x.rut = p_rut AND x.state = 'posted' AND x.residual <> 0
            AND x.move_type LIKE 'out%' AND coalesce(x.sii, '') <> 'rejected'
    ), b (tramo, orden, lo, hi) AS (
        VALUES ('Por vencer', 0, -99999, 0), ('1 a 30 días', 1, 1, 30), ('31 a 60 días', 2, 31, 60),
            ('61 a 90 días', 3, 61, 90), ('Más de 90', 4, 91, 99999))
    SELECT b.tramo, b.orden, count(i.s), coalesce(sum(i.s), 0)
    FROM b LEFT JOIN i ON i.atraso BETWEEN b.lo AND b.hi GROUP BY 1, 2 ORDER BY 2;
END;

-- Products sold, without shipping, discounts and cancelled orders; a return counts as a negative line.
-- The margin is over the lines whose cost is known.
CREATE OR REPLACE FUNCTION kpi.top_productos(p_rut text, p text, n integer DEFAULT 10) RETURNS TABLE (
    producto text, unidades numeric, neto numeric, margen_pct numeric)
LANGUAGE sql STABLE BEGIN ATOMIC
    SELECT max(l.product), sum(l.qty), sum(l.net),
        round(100 * (sum(l.net) FILTER (WHERE l.cost IS NOT NULL) - sum(l.cost))
            / nullif(sum(l.net) FILTER (WHERE l.cost IS NOT NULL), 0), 1)
    FROM kpi.rango(p) r, wh.orders o JOIN wh.order_lines l ON l.rut = o.rut AND l.order_id = o.order_id
    WHERE o.rut = p_rut AND l.kind = 'product' AND o.state = 'sale' AND NOT o.is_test
        AND o.confirmed_at >= kpi.ini(r.d0) AND o.confirmed_at < kpi.ini(r.d1 + 1)
    GROUP BY l.product_key ORDER BY 3 DESC, 1 LIMIT n;
END;

-- On hand less reserved over all warehouses, below the product's own minimum or `umbral`; days of
-- cover by the sales of the last 28 whole days.
CREATE OR REPLACE FUNCTION kpi.stock_critico(p_rut text, umbral numeric DEFAULT 5) RETURNS TABLE (
    producto text, disponible numeric, minimo numeric, venta_diaria numeric, dias_cobertura numeric)
LANGUAGE sql STABLE BEGIN ATOMIC
    WITH s AS (
        SELECT x.product_key AS k, max(x.product) AS producto, sum(x.on_hand - x.reserved) AS d,
            coalesce(max(x.min_qty), umbral) AS m
        FROM wh.stock x WHERE x.rut = p_rut AND x.tracked GROUP BY 1
    ), v AS (
        SELECT l.product_key AS k, sum(l.qty) / 28 AS q
        FROM wh.orders o JOIN wh.order_lines l ON l.rut = o.rut AND l.order_id = o.order_id
        WHERE o.rut = p_rut AND o.state = 'sale' AND NOT o.is_test
            AND o.confirmed_at >= kpi.ini(kpi.hoy() - 28) AND o.confirmed_at < kpi.ini(kpi.hoy())
        GROUP BY 1)
    SELECT s.producto, s.d, s.m, round(coalesce(v.q, 0), 2), round(greatest(s.d, 0) / nullif(v.q, 0), 1)
    FROM s LEFT JOIN v ON v.k = s.k WHERE s.d < s.m ORDER BY 5 NULLS LAST, 2, 1;
END;

-- Views for who builds questions by clicking.
CREATE OR REPLACE VIEW kpi.ventas_diarias WITH (security_invoker = true) AS
    SELECT o.rut, kpi.dia(o.confirmed_at) AS dia, o.channel AS canal, count(*) AS pedidos,
        sum(o.net) AS neto, sum(o.iva) AS iva, sum(o.total) AS con_iva
    FROM wh.orders o WHERE o.state = 'sale' AND NOT o.is_test GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW kpi.documentos_por_cobrar WITH (security_invoker = true) AS
    SELECT i.rut, i.invoice_id, i.name AS documento, i.dte, i.folio, i.partner_rut, i.partner_name AS cliente,
        i.issue_date AS emision, coalesce(i.due_date, i.issue_date) AS vencimiento,
        greatest(kpi.hoy() - coalesce(i.due_date, i.issue_date), 0) AS dias_atraso,
        CASE WHEN i.move_type = 'out_refund' THEN -abs(i.residual) ELSE i.residual END AS saldo
    FROM wh.invoices i WHERE i.state = 'posted' AND i.residual <> 0
        AND i.move_type LIKE 'out%' AND coalesce(i.sii, '') <> 'rejected';

CREATE OR REPLACE VIEW kpi.actualizado WITH (security_invoker = true) AS
    SELECT w.rut, t.name, w.event_time, w.loaded_at,
        round(extract(epoch FROM kpi.ahora() - w.loaded_at) / 60) AS minutos
    FROM wh.watermarks w JOIN wh.tenants t ON t.rut = w.rut;
