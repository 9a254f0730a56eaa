"""A connector that kills itself, without any chance to tidy up, at a chosen step.

    python -m tests.faults.killed POINT COUNT

POINT: ``before_send``, ``after_send``, ``in_settle``, ``after_settle``, ``after_claim`` or
``never``; it dies at the COUNT-th time it comes there. Settings come from the environment.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from smarter_connector import logging as logs
from smarter_connector import supervisor
from smarter_connector.settings import load
from smarter_connector.stores.postgres import PostgresStore
from smarter_connector.transport import Transport

POINTS = ("before_send", "after_send", "in_settle", "after_settle", "after_claim")


def fuse(point: str, count: int) -> Callable[[str], None]:
    """``burn(point)`` kills the process the ``count``-th time it is called with this point."""
    left = count

    def burn(reached: str) -> None:
        nonlocal left
        if reached == point:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return burn


def arm(burn: Callable[[str], None]) -> None:
    """Put the fuse into the two doors of the connector: HTTP and database."""
    request, call = Transport.request, PostgresStore.call

    async def burning_request(self, *args, **kwargs):
        burn("before_send")
        reply = await request(self, *args, **kwargs)
        burn("after_send")
        return reply

    async def burning_call(self, function, argument):
        if function != "settle":
            answer = await call(self, function, argument)
            burn(f"after_{function}" if function == "claim" and answer["deliveries"] else "")
            return answer
        settling = asyncio.ensure_future(call(self, function, argument))
        await asyncio.sleep(0.001)  # the statement is on its way; whether it commits is chance
        burn("in_settle")
        answer = await settling
        burn("after_settle")
        return answer

    Transport.request, PostgresStore.call = burning_request, burning_call


def main() -> None:
    point, count = sys.argv[1], int(sys.argv[2])
    arm(fuse(point, count))
    settings = load()
    secrets = supervisor.make_secrets(settings)
    logs.configure(settings, secrets)
    asyncio.run(supervisor.serve(settings, secrets))


if __name__ == "__main__":
    main()
