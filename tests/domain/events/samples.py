"""An event to start from, and hypothesis strategies for any event."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from smarter_domain.events import EVENT_TYPES, Event
from smarter_domain.rut import NUMBER_MAX, Rut

ROW: dict[str, Any] = {
    "id": "0b9e5c0e-1f6d-4a35-8f8e-52a3f3b7c001",
    "type": "order.confirmed",
    "schema_version": 1,
    "tenant": "77654321-7",
    "rut": "12345678-5",
    "aggregate": "sale.order/42",
    "time": "2026-11-22T15:00:00.123456Z",
    "epoch": 2,
    "number": 1234,
    "data": {"id": 42, "name": "S00042", "total": 119000, "customer": "Ñuñoa <&>"},
    "previous": {"state": "draft"},
    "origin": "capture",
}


def event(**changes: Any) -> Event:
    return Event.from_row({**ROW, **changes})


RUTS = st.integers(1, NUMBER_MAX).map(lambda number: Rut.from_number(number).plain)
_WORDS = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=20)
_KEYS = st.text(max_size=20).filter(lambda key: key != "previous")
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=10,
)
_OBJECTS = st.dictionaries(_KEYS, _JSON, max_size=4)

EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    type=st.sampled_from(sorted(EVENT_TYPES)) | _WORDS.map("custom.{}".format),
    tenant=RUTS,
    rut=RUTS,
    aggregate=st.builds("{}/{}".format, _WORDS, st.integers(1, 2**31)),
    time=st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z"),
    epoch=st.integers(1, 10**9),
    number=st.integers(1, 2**63 - 1),
    data=_OBJECTS,
    previous=_OBJECTS,
    schema_version=st.integers(1, 999),
    replay=st.integers(0, 999),
)
