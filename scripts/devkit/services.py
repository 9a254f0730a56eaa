"""Processes that belong together: started in order, watched, and stopped in reverse order.

Each runs in a session of its own, so that Ctrl-C reaches us alone and we stop them properly. Their
ids are recorded: what a killed run leaves behind is stopped by the next one, and nothing else is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devkit.paths import SetupError

STOP_SECONDS = 30.0
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Service:
    """One process. ``ready_url`` answers 200 once it works; ``log`` gets all it says."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    ready_url: str = ""
    ready_seconds: float = 120


class Services:
    """A context manager; leaving it stops what was started."""

    def __init__(self, record: Path) -> None:
        self.record = record
        self.running: list[tuple[Service, subprocess.Popen]] = []

    def __enter__(self) -> Services:
        stop_recorded(self.record)
        return self

    def __exit__(self, *problem: object) -> None:
        while self.running:
            _, process = self.running.pop()
            stop_group(process.pid, process)
        self.record.unlink(missing_ok=True)

    def start(self, service: Service) -> None:
        """Start it and wait until it answers. Raises SetupError when it ends or stays silent."""
        service.log.touch(mode=0o600)
        with service.log.open("ab") as output:
            process = subprocess.Popen(
                service.command, env=dict(service.environment), cwd="/",
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self.running.append((service, process))
        self._write_record()
        self._await(service, process)

    def ended(self) -> str | None:
        """The name of a service that ended by itself."""
        return next((s.name for s, process in self.running if process.poll() is not None), None)

    def _await(self, service: Service, process: subprocess.Popen) -> None:
        deadline = time.monotonic() + service.ready_seconds
        while service.ready_url and not answers(service.ready_url):
            if process.poll() is not None:
                raise SetupError(f"{service.name} ended: {last_line(service.log)} ({service.log})")
            if time.monotonic() > deadline:
                said = last_line(service.log)
                raise SetupError(f"{service.name} is not ready: {said} ({service.log})")
            time.sleep(POLL_SECONDS)

    def _write_record(self) -> None:
        known = {str(process.pid): birth(process.pid) for _, process in self.running}
        self.record.write_text(json.dumps(known))


def answers(url: str) -> bool:
    """Whether a local address answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def birth(pid: int) -> str:
    """When the process started, in clock ticks since boot: with the id it names it for good.

    The empty string means that no such process runs; one that only waits to be reaped does not.
    """
    try:
        text = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return ""
    state, *rest = text.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def stop_recorded(record: Path) -> None:
    """Stop what an earlier run started and could not stop; ids taken over by others are spared."""
    if not record.exists():
        return
    for pid, born in json.loads(record.read_text() or "{}").items():
        if born and birth(int(pid)) == born:
            stop_group(int(pid))
    record.unlink()


def stop_group(pid: int, process: subprocess.Popen | None = None) -> None:
    """Ask the process to end, and its whole session to die when it does not."""
    born = birth(pid)
    if not born:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and birth(pid) == born:
        if process is not None and process.poll() is not None:
            break
        time.sleep(POLL_SECONDS)
    try:
        os.killpg(pid, signal.SIGKILL)  # what it started and left behind, too
    except ProcessLookupError:
        pass
    if process is not None:
        process.wait()


def last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"
