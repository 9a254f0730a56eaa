"""What a person sees while something long is being prepared."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show ``text`` while the block runs, then how long it took.

    Without a terminal (CI, a log file) the line is printed at the start as well.
    """
    started = time.monotonic()
    if not console.is_terminal:
        console.print(f"{text} ...")
        yield
    else:
        with console.status(text):
            yield
    console.print(f"[green]done[/green] {text} ({time.monotonic() - started:.0f} s)")


def say(text: str) -> None:
    console.print(text)


def warn(text: str) -> None:
    console.print(f"[bold yellow]{text}[/bold yellow]")
