"""Odoo's command as ``OdooRunner`` calls it: it installs by marking, and fails when it is told to.

A module called ``broken`` cannot be installed; ``FAKE_ODOO_KILLED`` lets it die halfway.
"""

from __future__ import annotations

import argparse
import os
import sys

import psycopg


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", nargs="?")
    parser.add_argument("-d", dest="database", required=True)
    parser.add_argument("-i", dest="modules", default="")
    options, _ = parser.parse_known_args()
    modules = [name for name in options.modules.split(",") if name]
    if "broken" in modules:
        print("odoo.exceptions.UserError: broken cannot be installed", file=sys.stderr)
        return 1
    with psycopg.connect(dbname=options.database, autocommit=True) as connection:
        if not connection.execute("SELECT to_regclass('ir_module_module')").fetchone()[0]:
            connection.execute("CREATE TABLE ir_module_module (name text, state text)")
            connection.execute("CREATE TABLE res_partner (id int, tz text, country_id int)")
            connection.execute("CREATE TABLE res_company (partner_id int)")
            connection.execute("CREATE TABLE ir_model_data (module text, name text, res_id int)")
        for name in modules:
            statement = "UPDATE ir_module_module SET state = 'installed' WHERE name = %s"
            if not connection.execute(statement, [name]).rowcount:
                connection.execute(
                    "INSERT INTO ir_module_module (name, state) VALUES (%s, 'installed')", [name]
                )
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PGCONNECT_TIMEOUT", "10")
    sys.exit(main())
