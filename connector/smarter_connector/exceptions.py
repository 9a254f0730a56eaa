"""What can go wrong, classed by what the caller must do.

    ConnectorError
    ├── Retryable               try again later; may say when (``retry_after``)
    │   └── StoreUnavailable    the outbox cannot be reached; nothing was changed, or it is unclear
    ├── Rejected                the receiver will never take this event: dead letter
    │   └── Gone                the receiver is gone for good (410): the subscription is disabled
    └── ConfigurationError      a person must mend something; tried again on the same schedule
        ├── IdentityMismatch    the database is not the one that was listed: it is not served
        └── OutboxTooOld        the outbox has no such function yet, or does not let us call it

``status`` is what the delivery list shows in its column (an HTTP status or one word), ``answer`` is
what the receiver said, not yet redacted nor cut.
"""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """What an error says, in one line for an operator; its class when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class ConnectorError(Exception):
    """The connector could not do its work."""

    def __init__(self, message: str = "", *, status: str = "", answer: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])
        self.status = status
        self.answer = answer


class Retryable(ConnectorError):
    """It may work later.

    ``retry_after`` is in seconds, as the receiver asked for it; None when it did not.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: str = "",
        answer: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, answer=answer)
        self.retry_after = retry_after


class StoreUnavailable(Retryable):
    """The outbox cannot be reached."""


class Rejected(ConnectorError):
    """The receiver refuses this event for good."""


class Gone(Rejected):
    """The receiver says that it is gone for good."""


class ConfigurationError(ConnectorError):
    """Somebody must correct the configuration."""


class IdentityMismatch(ConfigurationError):
    """The database is not the one that was listed."""


class OutboxTooOld(ConfigurationError):
    """The outbox lacks a function of the protocol, or the role was not granted it."""
