"""What ``scripts/run`` starts ends with it, and nothing else does."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devkit import ports, services
from devkit.paths import SetupError
from devkit.services import Service, Services

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def service(folder: Path, command: list[str], **more) -> Service:
    return Service("a server", command, {"PATH": os.defpath}, folder / "log", **more)


def test_leaving_stops_what_was_started(tmp_path: Path) -> None:
    with Services(tmp_path / "record") as running:
        running.start(service(tmp_path, SLEEP))
        (pid,) = json.loads((tmp_path / "record").read_text())
        assert services.birth(int(pid))
    assert not services.birth(int(pid))
    assert not (tmp_path / "record").exists()


def test_children_of_a_service_go_with_it(tmp_path: Path) -> None:
    script = "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True)"
    command = [sys.executable, "-c", f"{script}; p.wait()", *SLEEP]
    with Services(tmp_path / "record") as running:
        running.start(service(tmp_path, command))
        log = tmp_path / "log"
        while not log.read_text().strip():
            assert running.ended() is None
        child = os.pidfd_open(int(log.read_text()))
        assert not ended(child, within=0)
    assert ended(child, within=30)


def ended(pidfd: int, *, within: float) -> bool:
    """Whether the process has ended, or does so in time (seconds)."""
    return bool(select.select([pidfd], [], [], within)[0])


def test_a_service_that_ends_at_once_tells_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    with Services(tmp_path / "record") as running, pytest.raises(SetupError, match="is taken"):
        running.start(service(tmp_path, command, ready_url="http://127.0.0.1:1/"))


def test_a_silent_service_is_given_up(tmp_path: Path) -> None:
    silent = service(tmp_path, SLEEP, ready_url="http://127.0.0.1:1/", ready_seconds=0)
    with Services(tmp_path / "record") as running, pytest.raises(SetupError, match="is not ready"):
        running.start(silent)


def test_a_service_that_ends_by_itself_is_named(tmp_path: Path) -> None:
    with Services(tmp_path / "record") as running:
        running.start(service(tmp_path, [sys.executable, "-c", ""]))
        running.running[0][1].wait()
        assert running.ended() == "a server"


def test_what_a_killed_run_left_behind_is_stopped(tmp_path: Path) -> None:
    left = subprocess.Popen(SLEEP, start_new_session=True)
    record = tmp_path / "record"
    record.write_text(json.dumps({left.pid: services.birth(left.pid)}))
    services.stop_recorded(record)
    assert left.wait() != 0
    assert not record.exists()


def test_an_id_that_another_process_took_over_is_spared(tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.write_text(json.dumps({os.getpid(): "1"}))
    services.stop_recorded(record)
    assert services.birth(os.getpid())


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.choose(port, set()) > port


def test_no_free_port_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(SetupError, match="no free port between 8069 and 8070"):
        ports.choose(8069, set(), span=2)
