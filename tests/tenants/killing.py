"""A process that dies in the middle of an operation, by its own hand, without any clean-up; and
sessions that the server ends."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable

from smarter_connector.tenants.platform import KILL_VARIABLE, Platform


def die_at(point: str, work: Callable[[], object]) -> None:
    """Do ``work`` in a child that is to be killed at ``point``. Fails when it lived."""
    with warnings.catch_warnings():
        # Newer Pythons warn of threads at a fork; ours hold no lock that the child needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _work_and_live(point, work)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{point} was never reached"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _work_and_live(point: str, work: Callable[[], object]) -> None:
    """Never returns: what pytest would do at the end is for the parent to do."""
    os.environ[KILL_VARIABLE] = point
    try:
        work()
    finally:
        os._exit(0)


def end_locks(platform: Platform) -> None:
    """End every session that holds a tenant, as a restart of the registry's server does."""
    with platform.admin() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
        )
