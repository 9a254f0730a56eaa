"""Signatures of outgoing requests: Standard Webhooks, and the product's own ``X-SMOS-HMAC``.

Both use the same key bytes and the same timestamp, so a receiver may check whichever it has a
library for. Standard Webhooks (v1) signs ``id.timestamp.body``; ``X-SMOS-HMAC`` signs
``timestamp.body``. Several live keys give several values, newest key first: that is how a key is
rotated without a gap. ``X-SMOS-Identity`` and ``X-SMOS-Tenant`` are labels: they are not signed and
authenticate nothing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

KEY_PREFIX = "whsec_"
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64
"""Both from the Standard Webhooks specification, "Signature scheme"."""

TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 8 * 1024 * 1024
"""A batch of 500 events of 16 kB; more is refused before anything is computed."""

_KEYS_MAX = 10
_HEADER_MAX = 2048
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)

_MESSAGES = {
    "no_key": "there is no live signing key",
    "missing_header": "a webhook-id, webhook-timestamp or webhook-signature header is missing",
    "malformed_header": "a signature header is malformed or too long",
    "too_large": "the body is larger than the limit",
    "too_old": "the timestamp is older than the tolerance",
    "too_new": "the timestamp is in the future by more than the tolerance",
    "no_match": "no signature matches the body and a live key",
}


class InvalidKey(ValueError):
    """A text that is not a signing key. The message never holds the text."""


class InvalidSignature(ValueError):
    """A request that must be refused. ``reason`` is a key of the table above, fit for a log."""

    def __init__(self, reason: str) -> None:
        super().__init__(_MESSAGES[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A symmetric key of 24 to 64 bytes. Its ``repr`` shows nothing of it."""

    raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.raw, bytes) or not KEY_BYTES_MIN <= len(self.raw) <= KEY_BYTES_MAX:
            raise InvalidKey(f"a signing key has {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")

    @classmethod
    def from_text(cls, text: str) -> SigningKey:
        """Read ``whsec_<base64>``, padded or not. Raises :class:`InvalidKey`."""
        if not isinstance(text, str) or not text.startswith(KEY_PREFIX):
            raise InvalidKey(f"a signing key starts with {KEY_PREFIX}")
        coded = text.removeprefix(KEY_PREFIX).rstrip("=")
        try:
            raw = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidKey(f"what follows {KEY_PREFIX} is not base64") from None
        return cls(raw)

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key of 32 random bytes."""
        return cls(secrets.token_bytes(32))

    @property
    def text(self) -> str:
        """The key as it is stored and shown once: ``whsec_<base64>``."""
        return KEY_PREFIX + base64.b64encode(self.raw).decode("ascii")


def sign(
    body: bytes,
    *,
    webhook_id: str,
    timestamp: int,
    keys: Sequence[SigningKey],
    identity: str,
    tenant: str,
) -> dict[str, str]:
    """Return the headers that authenticate ``body``; ``timestamp`` in Unix seconds.

    ``keys`` newest first, at least one. Raises :class:`InvalidSignature`: ``no_key``, or
    ``malformed_header`` for an id with a dot (it would blur what is signed) or over 255 characters.
    """
    if not keys:
        raise InvalidSignature("no_key")
    if not _ID.fullmatch(webhook_id) or len(keys) > _KEYS_MAX:
        raise InvalidSignature("malformed_header")
    moment = str(timestamp)
    short = b"%b.%b" % (moment.encode("ascii"), body)
    long = b"%b.%b" % (webhook_id.encode("ascii"), short)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(_standard(key, long) for key in keys),
        "X-SMOS-HMAC": " ".join(_smos(key, short) for key in keys),
        "X-SMOS-Identity": identity,
        "X-SMOS-Tenant": tenant,
    }


def verify(
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Sequence[SigningKey],
    now: int,
    tolerance: int = TOLERANCE_SECONDS,
    max_bytes: int = MAX_BODY_BYTES,
) -> None:
    """Return if a live key signed exactly these bytes about now; header names in any case.

    ``X-SMOS-HMAC`` may be absent; when present it must be right too. ``now`` and ``tolerance`` in
    seconds, the tolerance counts both ways. Raises :class:`InvalidSignature`. A valid request
    may still be a repetition: dedupe on the CloudEvents id.
    """
    if not keys:
        raise InvalidSignature("no_key")
    if len(body) > max_bytes:
        raise InvalidSignature("too_large")
    given = {name.lower(): value for name, value in headers.items()}
    webhook_id = _header(given, "webhook-id", _ID)
    moment = _header(given, "webhook-timestamp", _TIMESTAMP)
    signatures = _values(given, "webhook-signature")
    _check_time(int(moment), now, tolerance)
    short = b"%b.%b" % (moment.encode("ascii"), body)
    long = b"%b.%b" % (webhook_id.encode("ascii"), short)
    good = _any_equal(signatures, [_standard(key, long) for key in keys])
    if "x-smos-hmac" in given:
        good &= _any_equal(_values(given, "x-smos-hmac"), [_smos(key, short) for key in keys])
    if not good:
        raise InvalidSignature("no_match")


def _standard(key: SigningKey, message: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key.raw, message, "sha256")).decode("ascii")


def _smos(key: SigningKey, message: bytes) -> str:
    return "sha256=" + hmac.digest(key.raw, message, "sha256").hex()


def _check_time(timestamp: int, now: int, tolerance: int) -> None:
    if timestamp < now - tolerance:
        raise InvalidSignature("too_old")
    if timestamp > now + tolerance:
        raise InvalidSignature("too_new")


def _header(headers: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = headers.get(name)
    if not value:
        raise InvalidSignature("missing_header")
    if not pattern.fullmatch(value):
        raise InvalidSignature("malformed_header")
    return value


def _values(headers: Mapping[str, str], name: str) -> list[str]:
    """The values of a header, parted by spaces; other schemes (``v1a,…``) just match nothing."""
    value = headers.get(name)
    if not value:
        raise InvalidSignature("missing_header")
    values = value.split(" ")
    if len(value) > _HEADER_MAX or len(values) > _KEYS_MAX or not value.isascii():
        raise InvalidSignature("malformed_header")
    return values


def _any_equal(given: Iterable[str], expected: Sequence[str]) -> bool:
    """Compare each with each, to the end: the time taken tells nothing about where they differ."""
    found = False
    for value in given:
        for wanted in expected:
            found |= hmac.compare_digest(value, wanted)
    return found
