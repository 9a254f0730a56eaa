"""Running Odoo: its configuration file, its environment, and one-off scripts in its shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devkit import passwords
from devkit.odoo_source import Odoo
from devkit.paths import REPO, Home, SetupError
from devkit.server import OWN_SERVER, Server
from devkit.venv import digest
from smarter_connector.tenants.odoo_runner import failure

OUR_ADDONS = REPO / "addons"
#: Odoo reads these in preference to its configuration file, so none may leak in from outside.
FOREIGN_PREFIXES = ("PG", "ODOO_", "OPENERP_", "PYTEST_", "SMARTER_", "LC_")


@dataclass(frozen=True)
class Runtime:
    """All that is needed to run Odoo against one server."""

    home: Home
    odoo: Odoo
    server: Server

    @property
    def data_dir(self) -> Path:
        return self.home.data_dir(self.server.name)

    @property
    def config_file(self) -> Path:
        checkout = digest(str(REPO).encode(), str(self.odoo.modules).encode())
        return self.home.root / f"odoo-{self.server.name}-{checkout}.conf"

    def filestore(self, database: str) -> Path:
        return self.data_dir / "filestore" / database


def write_config(runtime: Runtime) -> Path:
    """Write Odoo's configuration, readable by its owner alone: it holds the role's password."""
    from devkit.roles import BASE_TEMPLATE

    login = runtime.server.odoo
    addons = [path for path in (OUR_ADDONS, *runtime.odoo.addons) if path.is_dir()]
    options = {
        "addons_path": ",".join(map(str, addons)), "data_dir": runtime.data_dir,
        "db_host": login.host, "db_port": login.port,
        "db_user": login.user, "db_password": login.password,
        "db_template": BASE_TEMPLATE, "pg_path": runtime.server.bin_dir,
        "http_interface": "127.0.0.1", "list_db": False, "without_demo": True,
        "admin_passwd": passwords.password(runtime.home.root / "secrets" / "odoo", "master"),
    }  # fmt: skip
    text = "[options]\n" + "".join(f"{key} = {value}\n" for key, value in options.items())
    draft = runtime.config_file.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(runtime.config_file)
    runtime.data_dir.mkdir(mode=0o700, exist_ok=True)
    return runtime.config_file


def environment(runtime: Runtime, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What Odoo and everything beside it see: our server, our Odoo, one language, one time zone."""
    kept = {k: v for k, v in base.items() if not k.startswith(FOREIGN_PREFIXES)}
    modules = [str(REPO / "scripts"), str(REPO / "connector"), str(runtime.odoo.modules)]
    path = os.pathsep.join((str(Path(sys.executable).parent), str(runtime.server.bin_dir)))
    return {
        **kept,
        **runtime.server.odoo.environment(),
        OWN_SERVER: "1",
        "PGPATH": str(runtime.server.bin_dir),
        "ODOO_RC": str(runtime.config_file),
        "PYTHONPATH": os.pathsep.join(modules),
        "PATH": f"{path}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def odoo_command(runtime: Runtime, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "odoo", *arguments]


def install(runtime: Runtime, database: str, modules: Sequence[str], *options: str) -> None:
    """Install modules into a database. Raises SetupError with Odoo's own words when it fails."""
    arguments = (
        "-d",
        database,
        "-i",
        ",".join(modules),
        *options,
        "--stop-after-init",
        "--no-http",
    )
    _logged(runtime, f"install-{database}", odoo_command(runtime, *arguments))


def shell(
    runtime: Runtime, database: str, script: str, values: Mapping[str, str] | None = None
) -> None:
    """Run a Python script with ``env`` in a database. ``values`` reach it as variables of its own
    environment, upper case, with the prefix DEVKIT_."""
    extra = {f"DEVKIT_{name.upper()}": value for name, value in (values or {}).items()}
    command = odoo_command(runtime, "shell", "-d", database, "--no-http")
    _logged(runtime, f"shell-{database}", command, script, extra)


def _logged(
    runtime: Runtime,
    name: str,
    command: list[str],
    text: str = "",
    extra: Mapping[str, str] | None = None,
) -> None:
    log = runtime.home.logs / f"{runtime.server.name}-{name}.log"
    log.touch(mode=0o600)
    with log.open("w") as output:
        done = subprocess.run(
            command, env={**environment(runtime), **(extra or {})}, cwd=runtime.home.root,
            input=text, text=True, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    if reason := failure(log.read_text(errors="replace"), done.returncode):
        raise SetupError(f"Odoo failed: {reason} (all of it in {log})")
