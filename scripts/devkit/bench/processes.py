"""Programs started for a measurement, and stopped by their own process id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devkit.paths import SetupError
from devkit.ports import free_port


@contextmanager
def process(
    command: list[str], environment: Mapping[str, str], log: Path, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside us; SIGTERM at the end, SIGKILL after ten seconds."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class Sink:
    """The fast receiver, from outside."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, path: str = "hook") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(self.url(path), timeout=10) as answer:
            return json.load(answer)

    def reset(self) -> None:
        self.get("reset")

    def wait_for(self, events: int, seconds: float) -> dict:
        """The statistics once so many events arrived. Raises SetupError when they do not."""
        end = time.monotonic() + seconds
        while (stats := self.get("stats"))["events"] < events:
            if time.monotonic() > end:
                raise SetupError(f"only {stats['events']} of {events} events arrived: {stats}")
            time.sleep(0.2)
        return stats


@contextmanager
def sink(environment: Mapping[str, str], key_file: Path, log: Path) -> Iterator[Sink]:
    port = free_port()
    command = [sys.executable, "-m", "devkit.bench.sink", str(port), str(key_file)]
    with process(command, environment, log) as child:
        found = Sink(port)
        for _ in range(100):
            try:
                found.get("stats")
                break
            except OSError:
                if child.poll() is not None:
                    raise SetupError(f"the receiver did not start: see {log}") from None
                time.sleep(0.05)
        yield found


def memory_mb(pid: int) -> dict[str, float]:
    """Resident and proportional memory of a process, in MB."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        found = dict(line.split(":", 1) for line in rollup if ":" in line)
    kilobytes = {name: int(found[name].split()[0]) for name in ("Rss", "Pss")}
    return {name.lower(): value / 1024 for name, value in kilobytes.items()}


def private_file(path: Path, text: str) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path
