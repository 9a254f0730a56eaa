"""What is written about events for people and tools is what the catalogue says."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from devkit import event_docs
from devkit.paths import REPO, SetupError
from smarter_domain.events import EVENT_TYPES, Event, check_data
from smarter_domain.events.asyncapi import document, schema_name
from smarter_domain.events.schemas.vocabulary import DEFINITIONS

MANUAL = (REPO / "docs" / "eventos.md").read_text(encoding="utf-8")
PUBLISHED = yaml.safe_load((REPO / "docs" / "asyncapi.yaml").read_text(encoding="utf-8"))
REGISTRY = Registry().with_resource(
    "urn:doc", Resource.from_contents(PUBLISHED, default_specification=DRAFT202012)
)
ALL = pytest.mark.parametrize("name", sorted(EVENT_TYPES))
MESSAGES = PUBLISHED["components"]["messages"]
BOUNDS = {"asyncapi": str, "info": dict, "channels": dict, "operations": dict, "components": dict}


def problems(pointer: str, value: object) -> list[str]:
    validator = Draft202012Validator({"$ref": f"urn:doc#{pointer}"}, registry=REGISTRY)
    return [error.message for error in validator.iter_errors(value)]


def references(node: object):
    if isinstance(node, dict):
        yield from [value for key, value in node.items() if key == "$ref"]
        for value in node.values():
            yield from references(value)
    if isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("path", sorted(event_docs.written(), key=str), ids=lambda p: p.name)
def test_writing_it_again_changes_nothing(path):
    stale = f"{path.name} is outdated: run scripts/event-docs"
    assert path.read_text(encoding="utf-8") == event_docs.written()[path], stale


def test_a_manual_without_its_marks_is_refused():
    with pytest.raises(SetupError, match="marks"):
        event_docs.manual_text("# Eventos\n")


def test_the_document_has_the_parts_that_asyncapi_3_asks_for():
    assert PUBLISHED["asyncapi"] == "3.0.0"
    assert {key: type(PUBLISHED[key]) for key in BOUNDS} == BOUNDS
    assert {"title", "version"} <= PUBLISHED["info"].keys()


def test_published_and_built_document_are_equal():
    assert json.loads(json.dumps(document())) == PUBLISHED


def test_every_reference_leads_somewhere():
    for reference in set(references(PUBLISHED)):
        assert reference.startswith("#/"), reference
        node = PUBLISHED
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_component_names_are_those_asyncapi_allows():
    for part in PUBLISHED["components"].values():
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in part)


def test_operations_send_every_message_of_the_channel():
    channel = PUBLISHED["channels"]["webhook"]["messages"]
    sent = [
        message["$ref"].rpartition("/")[2]
        for operation in PUBLISHED["operations"].values()
        for message in operation["messages"]
    ]
    assert {operation["action"] for operation in PUBLISHED["operations"].values()} == {"send"}
    assert sorted(sent) == sorted(channel) == sorted([*EVENT_TYPES, "batch"])


def test_every_schema_is_a_json_schema():
    for schema in PUBLISHED["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@ALL
def test_the_example_of_a_message_is_valid_and_reads_as_an_event(name):
    payload = MESSAGES[name]["examples"][0]["payload"]
    assert problems(f"/components/messages/{name}/payload", payload) == []
    assert problems("/components/messages/batch/payload", [payload]) == []
    assert check_data(name, Event.from_cloudevent(payload).data, strict=True) == []


@ALL
@pytest.mark.parametrize(
    "change", [{"type": "x.y"}, {"sequence": "1"}, {"data": {}}, {"specversion": "0.3"}]
)
def test_a_message_that_breaks_the_schema_is_refused(name, change):
    payload = {**MESSAGES[name]["examples"][0]["payload"], **change}
    assert problems(f"/components/messages/{name}/payload", payload)


def test_types_share_a_schema_only_when_it_is_the_same():
    shared: dict[str, list] = {}
    for kind in EVENT_TYPES.values():
        bare = {key: value for key, value in kind.schema.items() if key != "$id"}
        shared.setdefault(schema_name(kind), []).append(bare)
    assert all(schema == group[0] for group in shared.values() for schema in group)


@ALL
def test_the_manual_describes_the_type_when_it_fires_and_an_example(name):
    section = MANUAL.split(f"\n### {name}\n", 1)[1].split("\n### ", 1)[0]
    assert EVENT_TYPES[name].when in section
    assert "```json" in section or name in ("record.deleted", "test.ping")


def test_the_manual_names_every_field_of_every_type():
    fields = {key for kind in EVENT_TYPES.values() for key in kind.schema["properties"]}
    fields |= {key for block in DEFINITIONS.values() for key in block["properties"]}
    assert sorted(field for field in fields if f"`{field}`" not in MANUAL) == []


def test_every_link_inside_the_manual_leads_to_a_heading():
    headings = re.findall(r"^#+ (.+)$", MANUAL, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", MANUAL)) <= anchors


def test_every_file_the_manual_links_to_exists():
    links = re.findall(r"\]\((?!#|https:)([^)#]+)", MANUAL)
    assert links and all((REPO / "docs" / link).exists() for link in links)
