"""Where the scripts keep what they make: one private folder per user, outside the repository.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
#: A unix socket's path holds 107 bytes; ``/pg-test/s/.s.PGSQL.5432.lock`` takes about 30 of them.
HOME_LIMIT = 70
#: Others may pass through but not look: as root, PostgreSQL runs as another account.
HOME_MODE = 0o711


class SetupError(Exception):
    """The machine lacks something; the message is one line that says what to do about it."""


@dataclass(frozen=True)
class Home:
    """The private folder, and the names of what lies in it."""

    root: Path

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def odoo(self) -> Path:
        return self.root / "odoo"

    def cluster(self, name: str) -> Path:
        return self.root / f"pg-{name}"

    def data_dir(self, name: str) -> Path:
        return self.root / f"data-{name}"


def home_path(environ: Mapping[str, str], uid: int) -> Path:
    """The folder to use: ``SMARTEROS_HOME``, else one in /var/tmp, which survives a restart."""
    chosen = environ.get("SMARTEROS_HOME")
    path = Path(chosen).expanduser() if chosen else Path("/var/tmp") / f"smarteros-{uid}"
    if not path.is_absolute():
        raise SetupError(f"SMARTEROS_HOME must be an absolute path, not {chosen}")
    if len(str(path).encode()) > HOME_LIMIT:
        raise SetupError(
            f"{path} is too long for PostgreSQL's socket: "
            f"set SMARTEROS_HOME to a path of at most {HOME_LIMIT} bytes"
        )
    return path


def open_home(environ: Mapping[str, str] = os.environ) -> Home:
    """Make the folder when it is missing, and refuse one that somebody else could have prepared."""
    home = Home(home_path(environ, os.geteuid()))
    try:
        home.root.parent.mkdir(parents=True, exist_ok=True)
        home.root.mkdir(mode=HOME_MODE, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"{home.root} cannot be made ({error.strerror}): set SMARTEROS_HOME to another path"
        ) from error
    status = home.root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise SetupError(
            f"{home.root} belongs to somebody else: set SMARTEROS_HOME to another path"
        )
    home.root.chmod(HOME_MODE)
    for folder in (home.locks, home.logs):
        folder.mkdir(mode=0o700, exist_ok=True)
    return home
