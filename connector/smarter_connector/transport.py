"""The one door for outgoing HTTP: time-outs, size limits, TLS checks, no redirects.

No proxy and no environment is used. Private targets are refused, on the address of the socket that
is about to connect.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
from yarl import URL

from smarter_connector.addresses import AddressPolicy
from smarter_connector.exceptions import ConfigurationError, Rejected, Retryable
from smarter_connector.settings import Settings

USER_AGENT = "SmarterOS-Connector/19.0"
MAX_URL = 2048


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status. ``headers`` are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Raises ``ValueError`` when the body is not JSON."""
        return json.loads(self.body)


class AddressRefused(OSError):
    """The address is private and not allowed."""

    def __init__(self) -> None:
        # One text for all: the connection library merges the errors of several addresses by it.
        super().__init__("the target's address is private")


class Transport:
    """HTTP client of a process. ``async with Transport(settings) as transport: ...``"""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._policy = AddressPolicy.parse(settings.allow_private)
        self._urls: dict[str, tuple[URL, bool]] = {}
        """Of each URL text: what it says, and whether any address of its host may be used."""
        self._timeout = self._make_timeout(settings.http_timeout)
        self._guarded: aiohttp.ClientSession | None = None
        self._trusted: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._guarded = self._session(socket_factory=self._guarded_socket)
        self._trusted = self._session()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for session in (self._guarded, self._trusted):
            if session is not None:
                await session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        max_answer: int | None = None,
    ) -> Reply:
        """Send one request and read the whole answer, up to ``max_answer`` bytes.

        Raises ConfigurationError (URL, address, certificate), Rejected (body over the limit) and
        Retryable (no connection, time-out, answer broken off or over the limit). Never redirects:
        3xx is an answer like another.
        """
        if body is not None and len(body) > self._settings.max_payload:
            raise Rejected(
                f"the payload has {len(body)} bytes, the limit is {self._settings.max_payload}",
                status="too large",
            )
        target, trusted = self._urls.get(url) or self._parse(url)
        session = self._trusted if trusted else self._guarded
        if session is None:
            raise RuntimeError("the transport is not open")
        limits = self._timeout if timeout is None else self._make_timeout(timeout)
        try:
            async with session.request(
                method,
                target,
                data=body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            ) as response:
                limit = max_answer or self._settings.max_answer
                return Reply(response.status, response.headers, await _read(response, limit))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _translate(error, target) from error

    def _parse(self, url: str) -> tuple[URL, bool]:
        try:
            parsed = URL(url)
        except ValueError as error:
            raise ConfigurationError(f"the URL is not valid: {error}", status="url") from error
        if parsed.scheme not in ("http", "https") or not parsed.host or len(url) > MAX_URL:
            raise ConfigurationError("the URL must be https:// and name a host", status="url")
        if parsed.user or parsed.password:
            raise ConfigurationError("the URL must not hold a user or a password", status="url")
        if len(self._urls) > 10_000:
            self._urls.clear()
        found = self._urls[url] = parsed, self._policy.trusts(parsed.host)
        return found

    def _session(self, **connector: Any) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=30, ttl_dns_cache=30, **connector
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    def _guarded_socket(self, info: tuple) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self._policy.allows(str(address[0])):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    def _make_timeout(self, total: float) -> aiohttp.ClientTimeout:
        connect = min(total, self._settings.http_connect_timeout)
        return aiohttp.ClientTimeout(total=total, sock_connect=connect)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.content_length is not None and response.content_length <= limit:
        return await response.read()
    body = b""
    async for chunk in response.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > limit:
            response.close()
            if response.status >= 300:
                break  # the beginning of an error page is enough
            raise Retryable(f"the answer is larger than {limit} bytes", status="too long")
    return body[:limit]


def _translate(error: Exception, url: URL) -> ConfigurationError | Retryable:
    """Say what an operator can act on. The URL's path may be a secret: only the host is named."""
    if isinstance(error, TimeoutError):
        return Retryable(f"{url.host} did not answer in time", status="timeout")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return _translate_connection(error, url)
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigurationError("the URL is not valid", status="url")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return Retryable(f"{url.host} closed the connection half-way", status="closed")
    if isinstance(error, aiohttp.ClientResponseError):
        return Retryable(f"{url.host} did not answer in HTTP", status="garbage")
    return Retryable(f"{url.host}: {type(error).__name__}", status="connection")


def _translate_connection(error: Exception, url: URL) -> ConfigurationError | Retryable:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return ConfigurationError(f"the certificate of {url.host} is not valid", status="tls")
    cause = getattr(error, "os_error", None)
    if isinstance(cause, AddressRefused):
        return ConfigurationError(
            f"{url.host} is in a private network; the operator may allow it "
            "with SMARTER_ALLOW_PRIVATE",
            status="private",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Retryable(f"the name {url.host} cannot be resolved", status="dns")
    reason = getattr(cause, "strerror", None) or "no connection"
    return Retryable(f"{url.host}: {reason}", status="connection")
