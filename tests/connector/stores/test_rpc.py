"""What is particular to the store behind Odoo's RPC."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from smarter_connector.exceptions import ConfigurationError, StoreUnavailable
from smarter_connector.settings import TenantSettings
from smarter_connector.stores.rpc import RpcStore
from tests.connector.stores.worlds import open_world
from tests.connector.support import receiver


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as pool:
        yield pool


def store(threads, url: str, timeout: float = 5) -> RpcStore:
    place = {"url": url, "login": "connector", "password": "env:X", "store": "rpc"}
    tenant = TenantSettings(database="t_x", uuid="u", rut="77654321-7", **place)
    return RpcStore(tenant, password=lambda: "the-api-key", threads=threads, timeout=timeout)


async def test_a_wrong_api_key_is_a_configuration_fault_that_does_not_show_it(reused_outbox):
    async with open_world("rpc", reused_outbox) as world:
        with pytest.raises(ConfigurationError) as caught:
            await world.store(api_key="wrong-key").open()
    assert "wrong-key" not in str(caught.value)


async def test_an_odoo_that_cannot_be_reached_is_unavailable(threads):
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await store(threads, "http://127.0.0.1:9").open()


@pytest.mark.parametrize("status", [200, 502])
async def test_an_error_page_in_place_of_odoo_is_unavailable(threads, status):
    async def page(_):
        return web.Response(status=status, text="<h1>Bad Gateway</h1>", content_type="text/html")

    async with receiver(page) as url:
        with pytest.raises(StoreUnavailable):
            await store(threads, url).open()


async def test_a_busy_odoo_is_asked_again_later(threads):
    async def busy(request):
        call = await request.json()
        data = {"name": "psycopg2.errors.SerializationFailure", "message": "could not serialize"}
        return web.json_response({"id": call["id"], "error": {"data": data}})

    async with receiver(busy) as url:
        with pytest.raises(StoreUnavailable, match="could not serialize"):
            await store(threads, url).open()


@pytest.mark.parametrize("url", ["erp.example.cl", "ftp://erp.example.cl"])
async def test_a_bad_url_is_a_configuration_fault(threads, url):
    with pytest.raises(ConfigurationError, match="URL"):
        await store(threads, url).open()
