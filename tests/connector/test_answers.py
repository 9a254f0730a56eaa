"""What a status means, and when to come back."""

from __future__ import annotations

import pytest

from smarter_connector.answers import failure, retry_after
from smarter_connector.exceptions import ConfigurationError, Gone, Rejected, Retryable
from smarter_connector.transport import Reply

NOW = 1_795_000_000.0

MEANINGS = {
    None: (200, 201, 202, 204),
    ConfigurationError: (301, 302, 304, 308, 401, 403, 404, 405, 407),
    Gone: (410,),
    Retryable: (408, 425, 429, 500, 502, 503, 504, 599),
    Rejected: (400, 402, 406, 409, 411, 413, 415, 418, 422, 451),
}


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(status, meaning) for meaning, found in MEANINGS.items() for status in found],
)
def test_every_status_has_one_meaning(status, meaning):
    error = failure(Reply(status, {}, b"why"), now=NOW)
    assert (type(error) if error else None) is meaning
    assert error is None or (error.status, error.answer) == (str(status), "why")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Thu, 18 Nov 2026 11:07:40 GMT", 1_795_000_060 - NOW),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1" * 101, None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_nothing_else(value, seconds):
    assert retry_after(value, now=NOW) == seconds


def test_a_receiver_that_is_busy_says_when_to_come_back():
    error = failure(Reply(503, {"Retry-After": "7"}, b""), now=NOW)
    assert error.retry_after == 7.0
