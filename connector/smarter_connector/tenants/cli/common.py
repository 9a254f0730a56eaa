"""What every command shares: the platform, answers for people and for programs, exit codes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console

from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry import InvalidRequest
from smarter_connector.tenants.cli import exits
from smarter_connector.tenants.jobs import SERVED
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings, load
from smarter_domain.rut import InvalidRut
from smarter_domain.tenancy import InvalidName

EXPECTED = (ConnectorError, InvalidName, InvalidRut, psycopg.Error, OSError)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Key = Annotated[str, typer.Argument(help="RUT, slug, host or database of a tenant.")]
Keys = Annotated[
    list[str] | None, typer.Argument(help="RUTs, slugs, hosts or databases of tenants.")
]
Everyone = Annotated[bool, typer.Option("--all", help="Every tenant that is served.")]

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def platform_of(context: typer.Context) -> Platform:
    """The platform of the settings, which whoever calls the commands in a program may pass."""
    settings = context.obj if isinstance(context.obj, PlatformSettings) else load()
    return Platform(settings)


@contextmanager
def expected() -> Iterator[None]:
    """What may go wrong becomes one line on standard error and an exit code."""
    try:
        yield
    except EXPECTED as error:
        fail(_line(error), exits.code_of(error))


def fail(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


@contextmanager
def progress(title: str, platform: Platform) -> Iterator[Platform]:
    """The platform with its progress shown beside a spinner, on standard error."""
    with errors.status(title) as status:
        yield dataclasses.replace(platform, say=lambda text: status.update(f"{title}: {text}"))


def print_json(document: Any) -> None:
    """Dataclasses become objects, moments ISO 8601."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=_plain))


def selected(platform: Platform, keys: Sequence[str] | None, everyone: bool) -> list[str]:
    """The tenants that were named, or all. Raises InvalidRequest for both or neither."""
    if bool(keys) == everyone:
        raise InvalidRequest("name tenants, or give --all")
    if keys:
        return list(dict.fromkeys(keys))
    served = platform.registry.tenants(status=SERVED)
    return [f"id:{tenant.id}" for tenant in served]


def for_each(
    context: typer.Context,
    title: str,
    keys: Sequence[str] | None,
    everyone: bool,
    as_json: bool,
    work: Callable[[Platform, str], Any],
) -> None:
    """Do ``work`` for each tenant and report; ends with 0, the one's code, or 7 for a part."""
    outcomes: list[dict[str, Any]] = []
    codes: list[int] = []
    with expected():
        platform = platform_of(context)
        for key in selected(platform, keys, everyone):
            with progress(f"{title} {key}", platform) as shown:
                outcome, code = _attempt(key, lambda key=key, shown=shown: work(shown, key))
            outcomes.append(outcome)
            codes.append(code)
            if not as_json:
                _tell(title, outcome)
    if as_json:
        print_json(outcomes)
    raise typer.Exit(_together(codes))


def read_file(path: Path, limit: int = 64 * 1024) -> str:
    with path.open("rb") as file:
        return file.read(limit).decode(errors="replace").strip()


def _attempt(key: str, work: Callable[[], Any]) -> tuple[dict[str, Any], int]:
    try:
        return {"tenant": key, "ok": True, "result": work()}, exits.OK
    except EXPECTED as error:
        return {"tenant": key, "ok": False, "error": _line(error)}, exits.code_of(error)


def _tell(title: str, outcome: dict[str, Any]) -> None:
    if outcome["ok"]:
        name = getattr(outcome["result"], "slug", outcome["tenant"])
        console.print(f"{title} {name}: [green]done[/]")
    else:
        errors.print(f"{title} {outcome['tenant']}: {outcome['error']}", style="red", markup=False)


def _together(codes: Sequence[int]) -> int:
    failed = [code for code in codes if code]
    if not failed:
        return exits.OK
    if len(failed) < len(codes):
        return exits.PARTLY
    return failed[0] if len(set(failed)) == 1 else exits.FAILED


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
