"""Sinks by the name a subscription gives as its target.

Each is imported when the first subscription needs it, so that a connector that serves only webhooks
loads nothing else.
"""

from __future__ import annotations

from importlib import import_module

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.sinks.base import Sink, SinkContext, SinkFactory

__all__ = ["SINKS", "make_sink"]


def _lazy(module: str, name: str) -> SinkFactory:
    def make(context: SinkContext) -> Sink:
        return getattr(import_module(module, __name__), name)(context)

    return make


SINKS: dict[str, SinkFactory] = {
    "n8n": _lazy(".webhook", "WebhookSink"),
    "webhook": _lazy(".webhook", "WebhookSink"),
    "chatwoot": _lazy(".chatwoot", "ChatwootSink"),
    "warehouse": _lazy(".warehouse", "WarehouseSink"),
}


def make_sink(context: SinkContext) -> Sink:
    """The sink of a subscription. Raises ConfigurationError for a target nobody knows."""
    target = context.subscription.target
    if target not in SINKS:
        raise ConfigurationError(
            f"unknown target {target!r}; known are {', '.join(sorted(SINKS))}", status="target"
        )
    return SINKS[target](context)
