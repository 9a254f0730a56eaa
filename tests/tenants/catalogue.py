"""The schema of a database as a set of lines, without order, owners and numbers of its own."""

from __future__ import annotations

import psycopg

_OURS = "n.nspname IN ('public', 'smarteros')"
_SCHEMA = f"""
SELECT concat_ws(' ', 'relation', n.nspname, c.relname, c.relkind)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND c.relkind IN ('r', 'v', 'm', 'S', 'p')
  AND c.relname !~ '^ir_sequence_[0-9]+'
UNION ALL
SELECT concat_ws(' ', 'column', n.nspname, c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'not null' END, pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE {_OURS} AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid))
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS}
UNION ALL
SELECT concat_ws(' ', 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}
UNION ALL
SELECT concat_ws(' ', 'view', v.schemaname, v.viewname, v.definition) FROM pg_views v
WHERE v.schemaname IN ('public', 'smarteros')
UNION ALL
SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
WHERE {_OURS} AND p.prokind = 'f' AND l.lanname NOT IN ('c', 'internal')
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND NOT t.tgisinternal
"""
_ODOO = """
SELECT concat_ws(' ', 'field', f.model, f.name, f.ttype, f.relation, f.store::text)
FROM ir_model_fields f
UNION ALL
SELECT concat_ws(' ', 'view', d.module, d.name, v.active::text, v.priority::text,
    md5((v.arch_db ->> 'en_US')::text))
FROM ir_ui_view v JOIN ir_model_data d ON d.model = 'ir.ui.view' AND d.res_id = v.id
WHERE d.module LIKE 'smarter%'
UNION ALL
SELECT concat_ws(' ', 'module', name, state, latest_version) FROM ir_module_module
WHERE state = 'installed'
UNION ALL
SELECT concat_ws(' ', 'record', module, name, model) FROM ir_model_data WHERE module LIKE 'smarter%'
"""


def schema(connection: psycopg.Connection) -> set[str]:
    """Tables, columns, indexes, constraints, views, functions and triggers."""
    return {line for (line,) in connection.execute(_SCHEMA).fetchall()}


def odoo(connection: psycopg.Connection) -> set[str]:
    """Fields, our views and records, and the installed modules, as Odoo notes them."""
    return {line for (line,) in connection.execute(_ODOO).fetchall()}
