"""What an HTTP status means for a delivery.

One table for every target; the reasons are in ``docs/decisions``:

    2xx                          taken
    410                          Gone: the subscription is disabled
    3xx 401 403 404 405 407      ConfigurationError: URL, key or rights; tried again on the schedule
    408 425 429 5xx              Retryable, not before Retry-After
    any other                    Rejected: this event will never be taken, dead letter at once
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from smarter_connector.exceptions import (
    ConfigurationError,
    ConnectorError,
    Gone,
    Rejected,
    Retryable,
)
from smarter_connector.transport import Reply

CONFIGURATION = frozenset({401, 403, 404, 405, 407})
RETRYABLE = frozenset({408, 425, 429})


def failure(reply: Reply, *, now: float) -> ConnectorError | None:
    """None when the receiver took it, else the error to raise. ``now``: seconds since 1970."""
    status = reply.status
    if 200 <= status < 300:
        return None
    known = {"status": str(status), "answer": reply.text()}
    if status == 410:
        return Gone("the receiver answered 410 Gone", **known)
    if 300 <= status < 400:
        return ConfigurationError(
            f"the receiver answered {status}, a redirect; enter the final address", **known
        )
    if status in CONFIGURATION:
        return ConfigurationError(f"the receiver answered {status}", **known)
    if status in RETRYABLE or status >= 500:
        after = retry_after(reply.headers.get("Retry-After"), now=now)
        return Retryable(f"the receiver answered {status}", retry_after=after, **known)
    return Rejected(f"the receiver answered {status}", **known)


def retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds from a Retry-After header, a number or a date (RFC 9110, 10.2.3); else None."""
    if not value or len(value) > 100:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now)
