"""Strike secrets out of texts that people or other systems will read."""

from __future__ import annotations

import re
from collections.abc import Iterable

STRUCK = "[redacted]"
ANSWER_MAX = 500
"""Characters of an answer that are kept."""

_PATTERNS = (
    re.compile(r"whsec_[A-Za-z0-9+/=_-]+"),
    re.compile(r"\bv1a?,[A-Za-z0-9+/=]{20,}"),
    re.compile(r"\bsha256=[0-9a-fA-F]{32,}"),
    re.compile(r"\bey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:sk|pk|rk|mb|ghp|glpat|shp[a-z]{2})_[A-Za-z0-9_=-]{12,}"),
)
# The name of the value stays, so that a person sees what was there.
_NAMED = re.compile(
    r"""(?ix)
    (?P<name>
        \b(?:authorization|[\w-]*(?:api[_-]?key|access[_-]?token|token|secret|passw(?:or)?d|pwd))\b
        ["']? \s* [:=] \s* ["']? )
    (?P<value> (?:(?:bearer|basic)\s+)? [^\s"'&,;<>}]{4,} )
    """
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)[^\s/@:]*:[^\s/@]+@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without ``secrets`` and without what looks like one."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, STRUCK)
    for pattern in _PATTERNS:
        text = pattern.sub(STRUCK, text)
    text = _NAMED.sub(lambda match: match["name"] + STRUCK, text)
    text = _SCHEME.sub(rf"\1 {STRUCK}", text)
    return _USERINFO.sub(rf"\g<scheme>{STRUCK}@", text)


def answer(text: str, secrets: Iterable[str] = ()) -> str:
    """What is stored of an answer: redacted first, cut then, so that no half of a secret stays."""
    if not text:
        return ""
    # A page may be long, and the patterns need not see all of it; a margin keeps secrets whole.
    text = text[: 4 * ANSWER_MAX].encode(errors="replace").decode()  # half a surrogate is no text
    text = redact(_CONTROL.sub(" ", text), secrets)
    return text if len(text) <= ANSWER_MAX else text[: ANSWER_MAX - 1] + "…"
