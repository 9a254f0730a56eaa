"""Starts the connector: the warehouse's connection string is put together in memory from a secret.

``start.py [COMMAND...]``: ``run`` if nothing is given, else any command of the connector.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from psycopg.conninfo import make_conninfo

MIN_LENGTH = 16


def read_secret(name: str) -> str:
    """The secret's text. Raises SystemExit with one line that says which one is not usable."""
    folder = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
    try:
        value = (folder / name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SystemExit(
            f"smarteros: the secret {name} cannot be read: {error.strerror}"
        ) from error
    if len(value) < MIN_LENGTH:
        raise SystemExit(f"smarteros: the secret {name} has fewer than {MIN_LENGTH} characters")
    return value


def write_dsn(target: Path, password: str, host: str) -> None:
    """Write the warehouse writer's connection string, readable by its owner alone."""
    dsn = make_conninfo(host=host, dbname="smarteros_kpi", user="kpi_writer", password=password)
    target.unlink(missing_ok=True)
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(dsn)


def main(argv: list[str]) -> None:
    target = Path(os.environ["SMARTER_WAREHOUSE_DSN_FILE"])
    password = read_secret("pg_kpi_writer_password")
    write_dsn(target, password, os.environ["SMARTER_PG_HOST"])
    os.execvp("smarter-connector", ["smarter-connector", *(argv or ["run"])])


if __name__ == "__main__":
    main(sys.argv[1:])
