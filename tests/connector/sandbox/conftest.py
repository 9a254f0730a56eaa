from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from smarter_connector.sandbox import Sandbox
from smarter_domain.events.signature import SigningKey, sign

NOW = 1_795_000_000


@dataclass
class Hands:
    """Clocks that stand still until a test moves them."""

    wall: float = NOW
    monotonic: float = 1000.0


@dataclass(frozen=True)
class Caller:
    """A client of the sandbox that signs as the connector does."""

    sandbox: Sandbox
    http: aiohttp.ClientSession
    key: SigningKey

    async def post(self, body: bytes, path: str = "eventos", **changes):
        moment = changes.pop("timestamp", NOW)
        headers = sign(
            body,
            webhook_id="wh-1",
            timestamp=moment,
            keys=[self.key],
            identity="urn:smarteros:77654321-7",
            tenant="77654321-7",
        )
        headers = {name: text for name, text in (headers | changes).items() if text}
        return await self.call("POST", f"/webhook/{path}", data=body, headers=headers)

    async def call(self, method: str, path: str, **request):
        url = self.sandbox.url + path
        async with self.http.request(method, url, allow_redirects=False, **request) as answer:
            text = await answer.text(errors="replace")
            json = await answer.json() if answer.content_type == "application/json" else None
            return answer.status, json if json is not None else text

    async def chatwoot(self, method: str, path: str, json=None, token: str = "t"):
        headers = {"api_access_token": token}
        return await self.call(method, f"/api/v1/accounts/1{path}", json=json, headers=headers)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def sandbox(hands: Hands) -> AsyncIterator[Sandbox]:
    async with Sandbox(wall=lambda: hands.wall, monotonic=lambda: hands.monotonic) as sandbox:
        yield sandbox


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    key = SigningKey.generate()
    sandbox.n8n.set_keys([key.text])
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        yield Caller(sandbox, http, key)
