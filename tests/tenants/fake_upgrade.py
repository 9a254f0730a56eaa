"""Odoo's command as an upgrade calls it: it runs the ``upgrade.sql`` of each module it is given.

A module whose folder holds ``fails`` makes it fail after its SQL was committed, as Odoo may have
committed other modules by then. A module that is not in the database's list is added to it.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

import psycopg


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("-d", dest="database", required=True)
    parser.add_argument("-u", dest="upgraded", default="")
    parser.add_argument("-i", dest="installed", default="")
    parser.add_argument("--addons-path", dest="addons", default="")
    options, _ = parser.parse_known_args()
    names = [name for part in (options.upgraded, options.installed) for name in part.split(",")]
    with psycopg.connect(dbname=options.database, autocommit=True) as connection:
        for name in filter(None, names):
            folder = find(options.addons, name)
            load(connection, name, folder)
            if (folder / "fails").exists():
                print("odoo.exceptions.UserError: the migration failed", file=sys.stderr)
                return 1
    return 0


def find(addons: str, name: str) -> Path:
    return next(Path(part, name) for part in addons.split(",") if Path(part, name).is_dir())


def load(connection: psycopg.Connection, name: str, folder: Path) -> None:
    manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
    statement = """UPDATE ir_module_module SET state = 'installed', latest_version = %s
                   WHERE name = %s"""
    values = [manifest["version"], name]
    if not connection.execute(statement, values).rowcount:
        connection.execute(
            "INSERT INTO ir_module_module (latest_version, name, state)"
            " VALUES (%s, %s, 'installed')",
            values,
        )
    if (folder / "upgrade.sql").exists():
        connection.execute((folder / "upgrade.sql").read_text())


if __name__ == "__main__":
    sys.exit(main())
