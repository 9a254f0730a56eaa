"""Operations in steps: each may be repeated, and is recorded in the registry once it is done.

A command that was killed goes on, when it is run again, with the step after the last recorded one;
that step may have been done already, in part or whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg

from smarter_connector.exceptions import ConnectorError, Retryable, first_line
from smarter_connector.registry import Lock, OperationRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.platform import Platform

Job = TypeVar("Job")
Facts = Mapping[str, Any] | None


@dataclass(frozen=True)
class Step(Generic[Job]):
    """``run(platform, job, facts)``: ``facts`` is what the steps before it recorded; what it
    returns is added to them. Facts are plain JSON and never secrets."""

    name: str
    run: Callable[[Platform, Job, Mapping[str, Any]], Facts]
    title: str = ""


def run_steps(
    platform: Platform, lock: Lock, operation: OperationRow, steps: Sequence[Step[Job]], job: Job
) -> OperationRow:
    """Run what is left of an operation and finish it.

    Raises StepFailed, or the class of error that the step raised, after noting it in the operation;
    the same command then begins the operation anew. Raises LockLost before a step, when the tenant
    is not held any more; then nothing is noted, and the same command goes on with the operation.
    """
    for step in _left(operation, steps):
        lock.check()
        platform.say(step.title or step.name)
        try:
            facts = _run(platform, operation, step, job)
        except ConnectorError as error:
            _note_failure(platform, operation, step, error)
            raise
        platform.reached(f"{operation.kind}:{step.name}")
        data = {**operation.data, **(facts or {})}
        operation = platform.registry.step(operation, step.name, data)
    return platform.registry.finish(operation)


def _left(operation: OperationRow, steps: Sequence[Step[Job]]) -> Sequence[Step[Job]]:
    names = [step.name for step in steps]
    return steps[names.index(operation.step) + 1 :] if operation.step in names else steps


def _run(platform: Platform, operation: OperationRow, step: Step[Job], job: Job) -> Facts:
    """Expected failures of disk and server become classed errors that name the step."""
    place = f"{operation.kind}, step {step.name}"
    try:
        return step.run(platform, job, operation.data)
    except psycopg.errors.DiskFull as error:
        raise StepFailed(f"{place}: PostgreSQL's disk is full: {first_line(error)}") from error
    except psycopg.OperationalError as error:
        message = f"{place}: the server went away: {first_line(error)}; run the command again"
        raise Retryable(message) from error
    except psycopg.Error as error:
        raise StepFailed(f"{place}: {first_line(error)}") from error
    except OSError as error:
        raise StepFailed(f"{place}: {error.strerror or error}: {error.filename or ''}") from error


def _note_failure(
    platform: Platform, operation: OperationRow, step: Step[Job], error: ConnectorError
) -> None:
    try:
        platform.registry.finish(operation, error=f"{step.name}: {error}")
    except (ConnectorError, psycopg.Error) as second:
        platform.say(f"the failure could not be noted: {first_line(second)}")
