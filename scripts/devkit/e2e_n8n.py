"""``scripts/e2e-n8n``: a real n8n runs the shipped workflow and takes signed deliveries.

It installs n8n (2.9 GB, about ten minutes the first time) with a Node of its own into the private
folder, imports docs/n8n/verificar-y-deduplicar.json with a fresh key, starts n8n on this machine
only, and sends events signed as the connector signs them. One line for each claim; exits 1 if one
fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from platform import machine

from devkit import n8n_workflows, paths
from devkit.locking import lock
from devkit.paths import Home, SetupError
from devkit.progress import console, say

N8N = "2.41.1"
NODE = "24.9.0"
#: Debian calls the processor one thing, npm another.
NODE_PACKAGE = "node-linux-" + {"x86_64": "x64", "aarch64": "arm64"}.get(machine(), machine())
PORT = 15678
READY_SECONDS = 180
WORKFLOW = "verificar-y-deduplicar.json"
SAMPLE_KEY = "whsec_PEGUE_AQUI_LA_CLAVE"

Answer = tuple[int, str]
NEW: Answer = (200, "")
REPEATED: Answer = (200, "repetido o no atendido")


@dataclass(frozen=True)
class Installation:
    """A folder with Node and n8n; ``data`` is emptied for each run."""

    root: Path

    @property
    def headers(self) -> Path:
        """Node's own package: the program, and the headers to compile with."""
        return self.root / "node_modules" / NODE_PACKAGE

    @property
    def node(self) -> Path:
        return self.headers / "bin" / "node"

    @property
    def n8n(self) -> Path:
        return self.root / "node_modules" / "n8n" / "bin" / "n8n"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def environment(self) -> dict[str, str]:
        """What n8n sees: little, so that nothing of the person who runs this leaks in."""
        return {
            "PATH": f"{self.node.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.data),
            "N8N_USER_FOLDER": str(self.data),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PORT": str(PORT),
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "NODE_FUNCTION_ALLOW_BUILTIN": "crypto",
        }

    def run(self, *arguments: str) -> None:
        command = [str(self.node), str(self.n8n), *arguments]
        _checked(command, self.root, self.environment())


def main(argv: list[str]) -> int:
    if argv:
        print(__doc__)
        return 0 if argv[0] in ("-h", "--help") else 2
    home = paths.open_home()
    found = install(home)
    return 1 if _prove(found) else 0


def install(home: Home) -> Installation:
    """Node and n8n in the private folder, unless they are there. Raises SetupError."""
    found = Installation(home.root / f"n8n-{N8N}")
    with lock(home, "n8n"):
        done = found.root / "done"
        if done.exists():
            return found
        if not shutil.which("npm"):
            raise SetupError("npm is needed to install n8n: apt install npm")
        shutil.rmtree(found.root, ignore_errors=True)
        found.root.mkdir(parents=True)
        (found.root / "package.json").write_text('{"private": true}')
        say(f"installing Node {NODE} and n8n {N8N}: about 3 GB, ten minutes")
        environment = {**os.environ, "npm_config_update_notifier": "false"}
        _checked(["npm", "install", f"{NODE_PACKAGE}@{NODE}"], found.root, environment)
        # Its install scripts fetch binaries from elsewhere; two packages are compiled instead, with
        # the headers that Node's own package brings.
        environment["PATH"] = found.environment()["PATH"]
        environment["npm_config_nodedir"] = str(found.headers)
        wanted = ["npm", "install", f"n8n@{N8N}", "--omit=dev", "--ignore-scripts"]
        _checked(wanted, found.root, environment)
        _checked(["npm", "rebuild", "sqlite3", "isolated-vm"], found.root, environment)
        done.touch()
    return found


def import_workflow(found: Installation, key: str) -> str:
    """Import and publish the workflow with ``key`` in it; returns the webhook's path."""
    shutil.rmtree(found.data, ignore_errors=True)
    found.data.mkdir(mode=0o700)
    text = (n8n_workflows.FOLDER / WORKFLOW).read_text(encoding="utf-8")
    copy = found.data / WORKFLOW
    copy.touch(mode=0o600)
    copy.write_text(text.replace(SAMPLE_KEY, key), encoding="utf-8")
    workflow = json.loads(text)
    found.run("import:workflow", f"--input={copy}")
    found.run("publish:workflow", f"--id={workflow['id']}")
    return workflow["nodes"][0]["parameters"]["path"]


@contextmanager
def running(found: Installation) -> Iterator[None]:
    """n8n, until the block ends. Raises SetupError if it does not become ready."""
    log = found.root / "n8n.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(found.node), str(found.n8n), "start"],
            env=found.environment(), stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def post(path: str, body: bytes, headers: dict[str, str]) -> Answer:
    """What n8n answers; a webhook just registered may be unknown for some seconds."""
    for _ in range(20):
        answer = _request(f"/webhook/{path}", body, headers)
        if answer[0] != 404:
            return answer
        time.sleep(1)
    return answer


def _prove(found: Installation) -> list[str]:
    """Send each case in order; returns the claims that do not hold."""
    from smarter_domain.events import EVENT_TYPES, SigningKey, batch_body
    from smarter_domain.events.asyncapi import sample_event

    key, other = SigningKey.generate(), SigningKey.generate()
    path = import_workflow(found, key.text)
    event = sample_event(EVENT_TYPES["order.confirmed"])
    fresh = replace(sample_event(EVENT_TYPES["stock.low"]), id=str(uuid.uuid4()))
    body, batch = event.body(), batch_body([event, fresh])
    claims = (
        ("a signed event is taken", body, signed(body, key), NEW),
        ("the same event again is a repetition", body, signed(body, key), REPEATED),
        ("a batch with a new event is taken", batch, signed(batch, key), NEW),
        ("the same batch again is a repetition", batch, signed(batch, key), REPEATED),
        ("a changed body is refused", body + b" ", signed(body, key), (401, "firma incorrecta")),
        ("another key is refused", body, signed(body, other), (401, "firma incorrecta")),
        ("an old delivery is refused", body, signed(body, key, age=400), (401, "fuera de plazo")),
    )
    with running(found):
        return [
            claim
            for claim, sent, headers, expected in claims
            if not _holds(claim, post(path, sent, headers), expected)
        ]


def signed(body: bytes, key, *, age: int = 0) -> dict[str, str]:
    """The headers of a delivery made ``age`` seconds ago."""
    from smarter_domain.events import sign

    moment = int(time.time()) - age
    labels = {"identity": "77654321-7", "tenant": "77654321-7"}
    headers = sign(body, webhook_id=f"msg_{moment}", timestamp=moment, keys=[key], **labels)
    return {**headers, "Content-Type": "application/json"}


def _holds(claim: str, answer: Answer, expected: Answer) -> bool:
    good = answer == expected
    console.print(f"{'[green]ok[/green]' if good else '[red]FAILED[/red]'} {claim}: {answer}")
    return good


def _request(path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(1000).decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read(1000).decode()
    except OSError as error:
        return 0, str(error)


def _wait(process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while _request("/healthz/readiness")[0] != 200:
        if process.poll() is not None or time.monotonic() > end:
            raise SetupError(f"n8n did not become ready; see {log}")
        time.sleep(1)


def _checked(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise SetupError(f"{' '.join(command[:3])} failed: {lines[-1] if lines else ''}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
