"""The door for outgoing HTTP."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from smarter_connector.addresses import AddressPolicy
from smarter_connector.exceptions import ConfigurationError, Rejected, Retryable
from smarter_connector.transport import Transport
from tests.connector.support import receiver, settings


async def get(url: str, **values):
    async with Transport(settings(**values)) as transport:
        return await transport.request("GET", url)


PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fe80::1%eth0", "fc00::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "not an address",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused_however_it_is_written(address):
    assert not AddressPolicy.parse([]).allows(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address):
    assert AddressPolicy.parse([]).allows(address)


def test_only_what_is_listed_is_excepted():
    policy = AddressPolicy.parse(["10.1.0.0/16", "n8n", "*.internal.example"])
    assert policy.allows("10.1.2.3") and policy.allows("::ffff:10.1.2.3")
    assert not policy.allows("10.2.0.1")
    assert policy.trusts("N8N") and policy.trusts("a.b.internal.example")
    assert not policy.trusts("internal.example") and not policy.trusts("evil-n8n")


async def test_a_private_target_is_refused_by_the_address_connected_to():
    async def never(_):
        pytest.fail("it was reached")

    async with receiver(never) as url:
        for place in (url, url.replace("127.0.0.1", "localhost")):
            with pytest.raises(ConfigurationError, match="private network") as caught:
                await get(place, allow_private=())
            assert caught.value.status == "private"


async def test_a_listed_host_name_is_reached_at_a_private_address():
    async def hello(_):
        return web.Response(text="hola")

    async with receiver(hello) as url:
        reply = await get(url.replace("127.0.0.1", "localhost"), allow_private=("localhost",))
    assert (reply.status, reply.text()) == (200, "hola")


async def test_a_redirect_is_an_answer_and_is_not_followed():
    async def elsewhere(request):
        assert request.path == "/hook"
        return web.Response(status=307, headers={"Location": "/other"})

    async with receiver(elsewhere) as url:
        assert (await get(url)).status == 307


@pytest.mark.parametrize(
    "url", ["", "example.cl/x", "ftp://example.cl", "http://", "https://u:p@example.cl", "http://["]
)
async def test_a_bad_url_is_a_configuration_fault(url):
    with pytest.raises(ConfigurationError) as caught:
        await get(url)
    assert caught.value.status == "url"


async def test_a_receiver_that_does_not_answer_in_time_is_tried_later():
    async def sleepy(_):
        await asyncio.sleep(5)

    async with receiver(sleepy) as url:
        with pytest.raises(Retryable) as caught:
            await get(url, http_timeout=0.05)
    assert caught.value.status == "timeout"


async def test_a_refused_connection_is_tried_later_and_names_only_the_host():
    with pytest.raises(Retryable) as caught:
        await get("http://127.0.0.1:9/webhook/secret-path")
    assert caught.value.status == "connection"
    assert "secret-path" not in str(caught.value)


async def test_an_answer_over_the_limit_is_not_read_to_its_end():
    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 1024)
        return response

    async with receiver(endless) as url:
        with pytest.raises(Retryable, match="larger than"):
            await get(url, max_answer=4096)


async def test_a_request_over_the_limit_is_not_sent():
    async with Transport(settings(max_payload=1024)) as transport:
        with pytest.raises(Rejected, match="limit is 1024") as caught:
            await transport.request("POST", "http://127.0.0.1:9/", body=b"x" * 1025)
    assert caught.value.status == "too large"


async def test_no_cookie_and_no_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    cookies = []

    async def setter(request):
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with receiver(setter) as url, Transport(settings()) as transport:
        await transport.request("GET", url)
        await transport.request("GET", url)
    assert cookies == [None, None]
