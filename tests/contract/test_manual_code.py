"""The receivers shown in docs/eventos.md really verify."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time

import pytest

from devkit.paths import REPO
from smarter_domain.events import SigningKey, sign

MANUAL = (REPO / "docs" / "eventos.md").read_text(encoding="utf-8")
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(range(32, 64)))
BODY = '{"name":"Ñuñoa <&>"}'.encode()
NODE = shutil.which("node")


def shown(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)[1]


def headers(*, keys=(OTHER, KEY), age: int = 0) -> dict[str, str]:
    moment = int(time.time()) - age
    labels = {"identity": "12345678-5", "tenant": "77654321-7"}
    found = sign(BODY, webhook_id="msg_1", timestamp=moment, keys=keys, **labels)
    return {name.lower(): value for name, value in found.items()}


def python_says(given: dict[str, str], body: bytes) -> bool:
    names: dict = {}
    exec(shown("python"), names)
    return names["valid"](given, body, KEY.text)


def node_says(given: dict[str, str], body: bytes) -> bool:
    if NODE is None:
        pytest.skip("NODE IS NOT INSTALLED: apt install nodejs")
    call = f"valid({json.dumps(given)}, Buffer.from({list(body)}), {json.dumps(KEY.text)})"
    script = f"{shown('js')}\nconsole.log({call})"
    done = subprocess.run([NODE, "-e", script], capture_output=True, timeout=30, check=True)
    return {"true": True, "false": False}[done.stdout.decode().strip()]


RECEIVERS = pytest.mark.parametrize("says", [python_says, node_says])


@RECEIVERS
def test_what_we_sign_is_accepted_also_during_rotation(says):
    assert says(headers(), BODY) is True


@RECEIVERS
@pytest.mark.parametrize("case", ["body", "key", "old", "new", "none"])
def test_anything_else_is_refused(says, case):
    given = {
        "body": headers(),
        "key": headers(keys=(OTHER,)),
        "old": headers(age=400),
        "new": headers(age=-400),
        "none": {},
    }[case]
    assert says(given, BODY + b" " if case == "body" else BODY) is False
