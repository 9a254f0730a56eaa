"""The ``config`` of a Chatwoot subscription, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.secrets import SecretResolver
from smarter_connector.sinks.chatwoot.contacts import label
from smarter_connector.stores.base import Subscription
from smarter_domain.events.catalogue import InvalidPattern, matches, parse_patterns

MAX_LABELS = 20


@dataclass(frozen=True, slots=True)
class ChatwootConfig:
    """Where the account is, and what is written there. ``token`` is secret."""

    url: str
    account_id: int
    token: str
    inbox_id: int | None = None
    note_types: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ChatwootConfig(account_id={self.account_id})"

    @classmethod
    def read(cls, subscription: Subscription, secrets: SecretResolver) -> ChatwootConfig:
        """Raises ConfigurationError naming the entry of ``config`` that must be mended."""
        config = subscription.config
        account = _number(config, "account_id")
        if account is None:
            raise _wrong("account_id", "is missing: the number in Chatwoot's address bar")
        if not subscription.url:
            raise _wrong("url", "is missing: the address of Chatwoot")
        if not isinstance(config.get("api_token"), str):
            raise _wrong("api_token", "is missing: env:NAME or file:/path of an access token")
        labels = tuple(filter(None, map(label, _texts(config, "labels"))))
        return cls(
            subscription.url.rstrip("/"),
            account,
            secrets.resolve(config["api_token"]),
            _number(config, "inbox_id"),
            _patterns(config),
            tuple(dict.fromkeys(labels))[:MAX_LABELS],
        )

    def wants_note(self, event_type: str) -> bool:
        """Whether the subscription chose notes for this type."""
        return any(matches(pattern, event_type) for pattern in self.note_types)


def _number(config: Mapping[str, Any], key: str) -> int | None:
    value = config.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(key, "must be a number from 1")
    return value


def _texts(config: Mapping[str, Any], key: str) -> Sequence[str]:
    value = config.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(key, "must be a list of texts")
    return value


def _patterns(config: Mapping[str, Any]) -> tuple[str, ...]:
    texts = _texts(config, "note_types")
    if not texts:
        return ()
    try:
        return parse_patterns("\n".join(texts))
    except InvalidPattern as error:
        raise _wrong("note_types", str(error)) from error


def _wrong(key: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"Chatwoot: {key} {reason}", status="config")
