"""Fixtures of the fault tests."""

from tests.connector.conftest import _reused_outbox, reused_outbox

__all__ = ["_reused_outbox", "reused_outbox"]
