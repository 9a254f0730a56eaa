"""The importable n8n workflows: well-formed, and their code does what it promises under node."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from devkit.n8n_workflows import FOLDER, WORKFLOWS
from smarter_domain.events import EVENT_TYPES, SigningKey, batch_body, matches, sign
from tests.domain.events.samples import event

NODE = shutil.which("node")
HARNESS = Path(__file__).with_name("n8n_code.js")
KEY = SigningKey(bytes(range(32)))
NEXT = SigningKey(bytes(range(40, 80)))
NOW = 1_763_800_000
FILES = sorted(FOLDER.glob("*.json"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
needs_node = pytest.mark.skipif(NODE is None, reason="NODE IS NOT INSTALLED: apt install nodejs")


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def nodes(path: Path) -> dict[str, dict]:
    return {node["name"]: node for node in load(path)["nodes"]}


def code(name: str, path: Path = FOLDER / "verificar-y-deduplicar.json", keys=(KEY,)) -> str:
    found = nodes(path)[name]["parameters"]["jsCode"]
    texts = ", ".join(f"'{key.text}'" for key in keys)
    return found.replace("'whsec_PEGUE_AQUI_LA_CLAVE'", texts)


def run(script: str, **given) -> dict:
    given = {"code": script, "now": NOW, "headers": {}, **given}
    given["body"] = base64.b64encode(given.get("body", b"")).decode()
    done = subprocess.run(
        [NODE, str(HARNESS)], input=json.dumps(given).encode(), capture_output=True, timeout=30
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def signed(body: bytes, *, keys=(KEY,), timestamp: int = NOW) -> dict[str, str]:
    """Headers as n8n shows them: names in lower case."""
    headers = sign(
        body,
        webhook_id="msg_1",
        timestamp=timestamp,
        keys=keys,
        identity="12345678-5",
        tenant="77654321-7",
    )
    return {name.lower(): value for name, value in headers.items()}


def verify(body: bytes, headers=None, *, script: str | None = None, **given) -> list[dict]:
    headers = signed(body) if headers is None else headers
    items = run(script or code("Verificar"), body=body, headers=headers, **given)["items"]
    return [item["json"] for item in items]


def test_every_workflow_is_listed_and_every_listed_one_is_there():
    assert [path.name for path in FILES] == sorted(workflow.file for workflow in WORKFLOWS)


@EACH
def test_every_connection_joins_two_nodes_and_every_node_is_reached(path):
    workflow, named = load(path), nodes(path)
    joined = {
        (source, target["node"])
        for source, outputs in workflow["connections"].items()
        for output in outputs["main"]
        for target in output
    }
    assert {name for pair in joined for name in pair} == set(named) - {"Nota"}
    assert {target for _, target in joined} == set(named) - {"Nota", "Webhook"}


@EACH
def test_ids_are_unique_and_the_workflow_arrives_inactive(path):
    workflow = load(path)
    ids = [node["id"] for node in workflow["nodes"]]
    assert len(set(ids)) == len(ids) and workflow["active"] is False


@EACH
def test_the_webhook_keeps_raw_bytes_and_answers_from_the_flow(path):
    parameters = nodes(path)["Webhook"]["parameters"]
    assert parameters["options"] == {"rawBody": True}
    assert parameters["responseMode"] == "responseNode"


@EACH
def test_the_flow_serves_types_that_exist(path):
    wanted = next(workflow.wanted for workflow in WORKFLOWS if workflow.file == path.name)
    assert all(any(matches(pattern, name) for name in EVENT_TYPES) for pattern in wanted)
    assert f"const WANTED = [{', '.join(map(repr, wanted))}];" in code("Verificar", path)


@EACH
def test_fields_named_in_expressions_exist_in_the_events(path):
    wanted = next(workflow.wanted for workflow in WORKFLOWS if workflow.file == path.name)
    text = json.dumps(nodes(path)["Trabajo"]["parameters"])
    used = set(re.findall(r"\$json\.event\.data\.(\w+)", text))
    for kind in EVENT_TYPES.values():
        if kind.name in wanted:
            assert used <= set(kind.schema["properties"])


@EACH
def test_no_key_is_shipped(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("whsec_PEGUE_AQUI_LA_CLAVE") == 1


@needs_node
@EACH
def test_the_sample_key_opens_nothing(path):
    script = nodes(path)["Verificar"]["parameters"]["jsCode"]
    (answer,) = verify(event().body(), script=script)
    assert (answer["status"], answer["fresh"]) == (401, False)
    assert answer["reason"].startswith("falta la clave")


@needs_node
@EACH
def test_an_event_the_flow_serves_is_passed_on_as_it_was_sent(path):
    served = next(workflow.wanted[0] for workflow in WORKFLOWS if workflow.file == path.name)
    sent = event(type="order.confirmed" if served == "*" else served)
    (answer,) = verify(sent.body(), script=code("Verificar", path))
    assert answer == {
        "fresh": True,
        "status": 200,
        "reason": "nuevo",
        "event": sent.to_cloudevent(),
    }


@needs_node
def test_another_type_is_accepted_without_work():
    script = code("Verificar", FOLDER / "stock-bajo-a-correo.json")
    (answer,) = verify(event().body(), script=script)
    assert (answer["status"], answer["fresh"]) == (200, False)


@needs_node
@pytest.mark.parametrize("change", [b" ", b"\n"])
def test_one_byte_more_is_refused(change):
    body = event().body()
    (answer,) = verify(body + change, signed(body))
    assert (answer["status"], answer["reason"]) == (401, "firma incorrecta")


@needs_node
def test_the_same_json_written_differently_is_refused():
    body = event().body()
    other = json.dumps(json.loads(body)).encode()
    assert json.loads(other) == json.loads(body)
    assert verify(other, signed(body))[0]["status"] == 401


@needs_node
@pytest.mark.parametrize(("shift", "status"), [(-301, 401), (-300, 200), (300, 200), (301, 401)])
def test_the_tolerance_counts_both_ways(shift, status):
    body = event().body()
    (answer,) = verify(body, signed(body, timestamp=NOW + shift))
    assert answer["status"] == status


@needs_node
@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "ñ", "v1,", "12x"])
def test_missing_or_malformed_headers_are_refused(name, value):
    body = event().body()
    headers = {**signed(body), name: value}
    assert verify(body, headers)[0]["status"] == 401


@needs_node
def test_a_signature_by_another_key_is_refused():
    body = event().body()
    assert verify(body, signed(body, keys=(NEXT,)))[0]["status"] == 401


@needs_node
@pytest.mark.parametrize(("sender", "receiver"), [((NEXT, KEY), (KEY,)), ((KEY,), (NEXT, KEY))])
def test_keys_can_be_rotated_without_a_gap(sender, receiver):
    body = event().body()
    script = code("Verificar", keys=receiver)
    assert verify(body, signed(body, keys=sender), script=script)[0]["status"] == 200


@needs_node
def test_a_batch_gives_an_item_per_event_in_order_and_repeated_ones_once():
    one, two = event(), event(id="2", number=7)
    answers = verify(batch_body([one, two, one]))
    assert [answer["event"] for answer in answers] == [one.to_cloudevent(), two.to_cloudevent()]


@needs_node
def test_a_noted_event_is_a_repetition_and_an_unnoted_one_is_not():
    (first,) = verify(event().body())
    noted = run(code("Anotar"), verified=[{"json": first}])["memory"]
    (again,) = verify(event().body(), memory=noted)
    assert (again["status"], again["fresh"]) == (200, False)
    (failed,) = verify(event().body(), memory={})
    assert failed["fresh"] is True


@needs_node
def test_the_memory_is_bounded_and_keeps_the_latest():
    verified = [{"json": {"event": {"id": f"new-{number}"}}} for number in range(5)]
    memory = {"seen": [f"old-{number}" for number in range(1000)]}
    seen = run(code("Anotar"), verified=verified, memory=memory)["memory"]["seen"]
    assert len(seen) == 1000 and seen[-1] == "new-4" and "old-4" not in seen and "old-5" in seen
