"""The envelope of an event: CloudEvents 1.0 in structured JSON, with our two extension attributes.

``from_row`` and ``body`` are on the path of every delivery and trust the outbox, whose columns
are typed; ``from_cloudevent`` reads what somebody else sent and believes nothing.
Rules: CloudEvents 1.0.2 §3 (attribute names, types) and its JSON format §2-3; the ``sequence``
extension of CloudEvents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from smarter_domain.rut import Rut

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"
"""Of single events and of batches: n8n leaves any other JSON media type unparsed."""

SOURCE_PREFIX = "urn:smarteros:"
SCHEMA_PREFIX = "urn:smarteros:event:"
PREVIOUS = "previous"
"""Key of ``data`` that is ours: the first old values of the transaction."""

_TEXT_MAX = 255
_NUMBER_MAX = 2**63 - 1
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,40}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", re.ASCII)
_SEQUENCE = re.compile(r"([0-9]{10})-([0-9]{19})", re.ASCII)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class InvalidEnvelope(ValueError):
    """A document that is not one of our events.

    ``attribute`` names what is wrong, ``reason`` says how: ``missing``, ``format``, ``too_long``,
    ``check_digit``, ``unsupported`` or ``unknown``.
    """

    def __init__(self, attribute: str, reason: str) -> None:
        super().__init__(f"attribute {attribute!r}: {reason}")
        self.attribute = attribute
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One business event. Equal events have equal fields; the hash is that of ``id``.

    ``id`` UUID text, stable over retries and replays; ``tenant`` and ``rut`` plain RUTs of the
    tenant and of the company; ``aggregate`` ``model/id``, the lane within which order holds;
    ``time`` RFC 3339 in UTC; ``(epoch, number)`` the version; ``previous`` the first old values
    of the transaction; ``replay`` 0, or the n-th deliberate replay.
    """

    id: str
    type: str
    tenant: str
    rut: str
    aggregate: str
    time: str
    epoch: int
    number: int
    data: Mapping[str, Any]
    previous: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1
    replay: int = 0

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def sequence(self) -> str:
        """The version as text of fixed length, so that it also compares as text."""
        return f"{self.epoch:010d}-{self.number:019d}"

    @property
    def version(self) -> tuple[int, int]:
        """Of two events of one aggregate the greater version is the later one."""
        return self.epoch, self.number

    @classmethod
    def from_row(cls, event: Mapping[str, Any], *, replay: int = 0) -> Event:
        """Read the ``event`` object of ``claim()``. Raises :class:`InvalidEnvelope`."""
        try:
            return cls(
                id=event["id"],
                type=event["type"],
                tenant=event["tenant"],
                rut=event["rut"],
                aggregate=event["aggregate"],
                time=event["time"],
                epoch=event["epoch"],
                number=event["number"],
                data=event["data"],
                previous=event.get("previous") or {},
                schema_version=event.get("schema_version", 1),
                replay=replay,
            )
        except KeyError as error:
            raise InvalidEnvelope(str(error.args[0]), "missing") from error

    def to_cloudevent(self) -> dict[str, Any]:
        """The event as a CloudEvents document, keys in a fixed order."""
        document = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": SOURCE_PREFIX + self.rut,
            "type": self.type,
            "subject": self.aggregate,
            "time": self.time,
            "datacontenttype": CONTENT_TYPE,
            "dataschema": f"{SCHEMA_PREFIX}{self.type}:{self.schema_version}",
            "sequence": self.sequence,
            "smostenant": self.tenant,
        }
        if self.replay:
            document["smosreplay"] = str(self.replay)
        document["data"] = {**self.data, PREVIOUS: self.previous} if self.previous else self.data
        return document

    @classmethod
    def from_cloudevent(cls, document: object) -> Event:
        """Read a CloudEvents document as :meth:`to_cloudevent` writes it.

        Extension attributes of others are ignored, as CloudEvents asks. Raises
        :class:`InvalidEnvelope` with the attribute and the reason.
        """
        if not isinstance(document, Mapping):
            raise InvalidEnvelope("document", "format")
        _check_names(document)
        if document.get("specversion") != SPEC_VERSION:
            raise InvalidEnvelope("specversion", "unsupported")
        if document.get("datacontenttype", CONTENT_TYPE) != CONTENT_TYPE:
            raise InvalidEnvelope("datacontenttype", "unsupported")
        type_ = _matching(document, "type", _TYPE)
        epoch, number = _sequence(document)
        data, previous = _data(document)
        return cls(
            id=_text(document, "id"),
            type=type_,
            tenant=_rut("smostenant", _text(document, "smostenant")),
            rut=_rut("source", _source(document)),
            aggregate=_text(document, "subject"),
            time=_time(document),
            epoch=epoch,
            number=number,
            data=data,
            previous=previous,
            schema_version=_schema_version(document, type_),
            replay=_replay(document),
        )

    def body(self) -> bytes:
        """The request body: compact UTF-8 JSON. Raises :class:`InvalidEnvelope`."""
        return _dumps(self.to_cloudevent())


def batch_body(events: Iterable[Event]) -> bytes:
    """The body of a batch: a JSON array of CloudEvents, in the order given."""
    return _dumps([event.to_cloudevent() for event in events])


def _dumps(document: object) -> bytes:
    try:
        return orjson.dumps(document, default=_plain)
    except TypeError:  # an integer beyond 64 bits: rare, and legal JSON
        return _dumps_slowly(document)


def _dumps_slowly(document: object) -> bytes:
    try:
        text = json.dumps(document, default=_plain, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEnvelope("data", "format") from error
    return text.encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


def _check_names(document: Mapping[Any, Any]) -> None:
    for name in document:
        if not isinstance(name, str) or not _ATTRIBUTE.fullmatch(name):
            raise InvalidEnvelope(str(name)[:40], "unknown")


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None or value == "":
        raise InvalidEnvelope(name, "missing")
    if not isinstance(value, str) or _CONTROL.search(value):
        raise InvalidEnvelope(name, "format")
    if len(value) > _TEXT_MAX:
        raise InvalidEnvelope(name, "too_long")
    return value


def _matching(document: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = _text(document, name)
    if not pattern.fullmatch(value):
        raise InvalidEnvelope(name, "format")
    return value


def _source(document: Mapping[str, Any]) -> str:
    source = _text(document, "source")
    if not source.startswith(SOURCE_PREFIX):
        raise InvalidEnvelope("source", "format")
    return source.removeprefix(SOURCE_PREFIX)


def _rut(name: str, text: str) -> str:
    reason = _rut_problem(text)
    if reason:
        raise InvalidEnvelope(name, reason)
    return text


@lru_cache(maxsize=1024)
def _rut_problem(text: str) -> str:
    """A receiver sees the same few RUTs in every event: the check digit is computed once."""
    try:
        return "" if Rut.parse(text).plain == text else "format"
    except ValueError as error:
        return "check_digit" if getattr(error, "reason", "") == "check_digit" else "format"


def _time(document: Mapping[str, Any]) -> str:
    value = _matching(document, "time", _TIME)
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidEnvelope("time", "format") from error
    return value


def _sequence(document: Mapping[str, Any]) -> tuple[int, int]:
    epoch, number = _matching(document, "sequence", _SEQUENCE).split("-")
    if int(number) > _NUMBER_MAX:
        raise InvalidEnvelope("sequence", "format")
    return int(epoch), int(number)


def _schema_version(document: Mapping[str, Any], type_: str) -> int:
    prefix, _, version = _text(document, "dataschema").rpartition(":")
    if prefix != SCHEMA_PREFIX + type_ or not _is_count(version) or version == "0":
        raise InvalidEnvelope("dataschema", "format")
    return int(version)


def _replay(document: Mapping[str, Any]) -> int:
    if "smosreplay" not in document:
        return 0
    value = _text(document, "smosreplay")
    if not _is_count(value) or value == "0":
        raise InvalidEnvelope("smosreplay", "format")
    return int(value)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and (text == "0" or text[0] != "0")


def _data(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    data = document.get("data")
    if not isinstance(data, Mapping):
        raise InvalidEnvelope("data", "missing" if data is None else "format")
    rest = dict(data)
    previous = rest.pop(PREVIOUS, {})
    if not isinstance(previous, Mapping):
        raise InvalidEnvelope("data", "format")
    return rest, dict(previous)
