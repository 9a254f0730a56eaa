"""One process at a time builds a thing; the others wait for it and then use it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from devkit.paths import Home


@contextmanager
def lock(home: Home, name: str) -> Iterator[None]:
    """Hold the lock called ``name``; the kernel frees it when the process ends, however it ends."""
    with (home.locks / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
