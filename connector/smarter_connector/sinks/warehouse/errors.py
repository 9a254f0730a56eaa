"""What an error of the database means for the delivery."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg

from smarter_connector.exceptions import ConfigurationError, ConnectorError, Rejected, Retryable

_PAUSE = 5.0


def classify(error: psycopg.Error | TimeoutError) -> ConnectorError:
    """The database's own words name columns and values of the event, never other rows.

    What the event's data caused is rejected; what an administrator must mend and what passes by
    itself is tried again, so that nothing is lost meanwhile.
    """
    if isinstance(error, pg.ForeignKeyViolation):
        return ConfigurationError("the RUT is not entered in the warehouse", status="no company")
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return Rejected(_first_line(error), status="data", answer=_first_line(error))
    if isinstance(error, psycopg.ProgrammingError):
        message = f"the warehouse is not installed as this version needs it: {_first_line(error)}"
        return ConfigurationError(message, status="schema", answer=message)
    if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
        return Retryable(_first_line(error), status="conflict", retry_after=0)
    message = f"the warehouse cannot be reached: {_first_line(error) or type(error).__name__}"
    return Retryable(message, status="unavailable", answer=message, retry_after=_PAUSE)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:500]
