"""What all tenants of a process have in common."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from smarter_connector.clock import Clock, SystemClock
from smarter_connector.gate import FairGate
from smarter_connector.metrics import Metrics
from smarter_connector.retry import RetryPolicy
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.sinks import make_sink
from smarter_connector.sinks.base import SinkFactory
from smarter_connector.stores.base import Subscription
from smarter_connector.tenant_secrets import TenantSecrets, reserved
from smarter_connector.transport import Transport


@dataclass
class Shared:
    """Settings, the doors to the outside, and the limits that hold for the whole process.

    The total and each host are shared by tenants in turn, and no tenant holds more than half of
    either while it is alone in being slow.
    """

    settings: Settings
    transport: Transport
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    make_sink: SinkFactory = make_sink
    retry: RetryPolicy | None = None
    secrets: SecretResolver | None = None
    tenants: Sequence[TenantSettings] = ()
    """All that are listed: with several of them, none may name another's secrets."""
    worker: str = ""
    listening: bool = False
    """Whether commits are announced at the moment; if not, idle tenants are polled more often."""
    hosts: dict[str, FairGate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.settings
        self.worker = self.worker or settings.worker or f"{socket.gethostname()}:{os.getpid()}"
        self.total = FairGate(settings.total_concurrency, (settings.total_concurrency + 1) // 2)
        if self.retry is None:
            self.retry = RetryPolicy(
                settings.retry_schedule, settings.retry_after_max, random.random
            )
        if self.secrets is None:
            self.secrets = SecretResolver(
                env_prefix=settings.secret_env_prefix, folder=settings.secrets_dir
            )

    def secrets_of(self, tenant: TenantSettings) -> TenantSecrets:
        """The secrets that the tenant's subscriptions may name."""
        alone = len(self.tenants) <= 1 and not self.settings.uses_registry
        own = reserved(self.settings, self.tenants)
        return TenantSecrets(self.secrets, self.settings, tenant.database, alone, own)

    def host_gate(self, subscription: Subscription) -> FairGate:
        """The limit of the host that the subscription's URL names."""
        host = subscription.target
        try:
            host = urlsplit(subscription.url).netloc or host
        except ValueError:
            pass  # the sink will say that the URL is not valid
        if host not in self.hosts:
            limit = self.settings.host_concurrency
            self.hosts[host] = FairGate(limit, (limit + 1) // 2)
        return self.hosts[host]
