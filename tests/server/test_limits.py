"""How much a client may try and call, whichever door it uses."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterator

import pytest

from tests.server.stage import PASSWORD, Stage, until
from tests.server.web import Site

pytestmark = pytest.mark.odoo

ACCOUNT_FAILURES, ADDRESS_FAILURES = 10, 60


@pytest.fixture(autouse=True)
def counters(stage: Stage) -> Iterator[None]:
    """Each test begins with empty counters, and leaves none behind."""
    yield
    with stage.runtime.server.admin.connect(stage.registry_database) as admin:
        admin.execute("TRUNCATE routing.counter")


@pytest.fixture
def client(odoo, here):
    """A maker of clients, each at an address of its own."""
    return lambda address: Site(odoo, here.host, address)


def hits(stage: Stage, bucket: str) -> int:
    """All hits of a bucket: a test may begin in one window and end in the next."""
    query = "SELECT coalesce(sum(hits), 0) FROM routing.counter WHERE bucket = %s"
    with stage.runtime.server.admin.connect(stage.registry_database) as admin:
        return admin.execute(query, [bucket]).fetchone()[0]


def fill(stage: Stage, bucket: str, seconds: int, count: int, *key: str) -> None:
    """Enter hits in this window and the next, so that the end of one disturbs no test."""
    query = """
        INSERT INTO routing.counter
        SELECT %(bucket)s, encode(sha256(%(key)s), 'hex'), moment, %(count)s, moment + '1 hour'
        FROM to_timestamp(floor(extract(epoch FROM now()) / %(seconds)s) * %(seconds)s) AS begun,
             LATERAL (VALUES (begun), (begun + make_interval(secs => %(seconds)s))) AS w (moment)
    """
    values = {"bucket": bucket, "seconds": seconds, "count": count}
    with stage.runtime.server.admin.connect(stage.registry_database) as admin:
        admin.execute(query, values | {"key": "\0".join(key).encode()})


def close_account(stage: Stage, database: str, login: str = "admin") -> None:
    fill(stage, "login-account", 300, ACCOUNT_FAILURES, database, login)


def by_xmlrpc(site: Site, database: str, password: str, login: str = "admin") -> bool:
    """Whether the log-in succeeds. Raises Fault when it was not even tried."""
    return bool(site.xmlrpc("2/common", "login", database, login, password))


def test_an_account_is_closed_after_ten_failures_wherever_they_come_from(client, here):
    failures = 0
    with pytest.raises(xmlrpc.client.Fault, match="Demasiados intentos"):
        for number in range(2 * ACCOUNT_FAILURES + 1):
            assert not by_xmlrpc(client(f"203.0.113.{number}"), here.database, "wrong", "maria")
            failures += 1
    # Windows are fixed: the tests may have begun at the end of one.
    assert ACCOUNT_FAILURES <= failures <= 2 * ACCOUNT_FAILURES


def test_every_door_counts_for_the_same_account(client, here, stage):
    site = client("203.0.113.7")
    assert not by_xmlrpc(site, here.database, "wrong", " ADMIN ")
    assert site.jsonrpc("common", "login", here.database, "admin", "wrong")["result"] is False
    site.jsonrpc("object", "execute_kw", here.database, 2, "wrong", "res.users", "read", [])
    assert "error" in site.authenticate(here.database, "wrong").json()
    assert site.login("wrong").status == 200
    assert (hits(stage, "login-account"), hits(stage, "login-address")) == (5, 5)


def test_every_door_is_closed_with_the_account(client, here, stage):
    close_account(stage, here.database)
    site = client("203.0.113.8")
    call = (here.database, 2, PASSWORD, "res.users", "read", [])
    answers = [
        site.login(PASSWORD).text,
        site.authenticate(here.database, PASSWORD).text,
        site.jsonrpc("common", "authenticate", here.database, "admin", PASSWORD, {}),
        site.jsonrpc("object", "execute_kw", *call),
    ]
    assert ["Demasiados intentos" in str(answer) for answer in answers] == [True] * 4
    with pytest.raises(xmlrpc.client.Fault, match="Demasiados intentos"):
        by_xmlrpc(site, here.database, PASSWORD)


def test_another_account_of_the_tenant_and_the_same_one_of_another_stay_open(
    client, odoo, here, there, stage
):
    close_account(stage, here.database, "maria")
    assert by_xmlrpc(client("203.0.113.9"), here.database, PASSWORD)
    assert not by_xmlrpc(Site(odoo, there.host), there.database, "wrong", "maria")


def test_an_address_is_closed_after_sixty_failures_of_whichever_accounts(client, here, stage):
    fill(stage, "login-address", 300, ADDRESS_FAILURES, "203.0.113.50")
    with pytest.raises(xmlrpc.client.Fault, match="Demasiados intentos"):
        by_xmlrpc(client("203.0.113.50"), here.database, PASSWORD)
    assert by_xmlrpc(client("203.0.113.51"), here.database, PASSWORD)


def test_a_forwarded_address_from_no_proxy_opens_no_fresh_bucket(odoo, here, stage):
    fill(stage, "login-address", 300, ADDRESS_FAILURES, "127.0.0.1")
    body = xmlrpc.client.dumps((here.database, "admin", PASSWORD), "login").encode()
    headers = {"X-Forwarded-For": "203.0.113.1", "Content-Type": "text/xml"}
    site = Site(odoo, here.host)
    answer = site.ask("/xmlrpc/2/common", method="POST", body=body, headers=headers)
    assert "Demasiados intentos" in answer.text


def test_the_addresses_of_one_ipv6_network_are_one(client, here, stage):
    fill(stage, "login-address", 300, ADDRESS_FAILURES, "2001:db8:1:2::/64")
    with pytest.raises(xmlrpc.client.Fault, match="Demasiados intentos"):
        by_xmlrpc(client("2001:db8:1:2:3::4"), here.database, PASSWORD)
    assert by_xmlrpc(client("2001:db8:1:3::4"), here.database, PASSWORD)


def test_a_right_password_forgives_the_account_but_not_the_address(client, here, stage):
    site = client("203.0.113.60")
    assert not by_xmlrpc(site, here.database, "wrong")
    before = hits(stage, "login-account")
    assert by_xmlrpc(site, here.database, PASSWORD)
    assert (before, hits(stage, "login-account"), hits(stage, "login-address")) == (1, 0, 1)


def test_wrong_keys_of_json_2_close_the_address_with_429(client, here, stage):
    site = client("203.0.113.70")
    path, headers = "/json/2/res.users/search", {"Authorization": "Bearer wrong-key"}
    assert site.post(path, {"domain": []}, headers).status == 401
    assert hits(stage, "login-address") == 1
    with stage.runtime.server.admin.connect(stage.registry_database) as admin:
        admin.execute("TRUNCATE routing.counter")
    fill(stage, "login-address", 300, ADDRESS_FAILURES, "203.0.113.70")
    answer = site.post(path, {"domain": []}, {"Authorization": f"Bearer {here.key}"})
    assert answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= 300


def use_up(stage: Stage, database: str, calls: int) -> None:
    fill(stage, "api", 60, calls, database)


@pytest.mark.parametrize("door", ["/json/2/res.users/search", "/jsonrpc", "/xmlrpc/2/object"])
def test_integrations_beyond_their_allowance_are_answered_429(site, here, stage, door):
    use_up(stage, here.database, 100)
    answer = site.post(door, {"domain": []}, {"Authorization": f"Bearer {here.key}"})
    assert answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= 60
    assert "100 llamadas por minuto" in answer.text


def test_calls_within_the_allowance_are_counted_once_they_are_authenticated(site, here, stage):
    use_up(stage, here.database, 97)
    call = ("res.users", "search_count", [[]])
    assert site.xmlrpc("2/object", "execute_kw", here.database, 2, here.key, *call)
    assert "result" in site.jsonrpc("object", "execute_kw", here.database, 2, here.key, *call)
    headers = {"Authorization": f"Bearer {here.key}"}
    assert site.post("/json/2/res.users/search_count", {"domain": []}, headers).status == 200
    assert site.post("/json/2/res.users/search_count", {"domain": []}, headers).status == 429


def test_a_language_before_the_address_opens_no_other_door(site, here, stage):
    with stage.runtime.server.odoo.connect(here.database) as connection:
        query = "SELECT url_code FROM res_lang WHERE active ORDER BY code = 'en_US' DESC LIMIT 1"
        (language,) = connection.execute(query).fetchone()
    use_up(stage, here.database, 99)
    path, headers = "/json/2/res.users/search_count", {"Authorization": f"Bearer {here.key}"}
    assert site.post(f"/{language}{path}", {"domain": []}, headers).status == 200
    assert site.post(f"/{language}{path}", {"domain": []}, headers).status == 429


def test_a_call_that_fails_counts_as_well(site, here, stage):
    call = (here.database, 2, here.key, "res.users", "no_such_method", [])
    assert "error" in site.jsonrpc("object", "execute_kw", *call)
    assert hits(stage, "api") == 1


def test_a_stranger_cannot_use_up_what_a_tenant_has(site, here, stage):
    for _ in range(3):
        site.jsonrpc("object", "execute_kw", here.database, 2, "wrong", "res.users", "read", [])
        site.jsonrpc("object", "execute_kw", here.database, "nobody", "x", "res.users", "read", [])
        site.jsonrpc("common", "version")
        site.post("/json/2/res.users/search", {}, {"Authorization": "Bearer wrong"})
    assert hits(stage, "api") == 0


def test_the_web_client_works_on_when_integrations_have_used_up_everything(site, here, stage):
    cookie = site.login(PASSWORD).cookie()
    use_up(stage, here.database, 10_000)
    params = {"model": "res.users", "method": "search_count", "args": [[]], "kwargs": {}}
    answer = site.post("/web/dataset/call_kw", {"params": params}, {"Cookie": cookie})
    assert answer.json()["result"] >= 1
    assert hits(stage, "api") == 20_000


def test_a_plan_without_a_limit_is_not_counted(site, here, stage):
    stage.update(here, plan="enterprise")
    try:
        use_up(stage, here.database, 1_000_000)
        headers = {"Authorization": f"Bearer {here.key}"}
        path = "/json/2/res.users/search"
        until(lambda: site.post(path, {"domain": []}, headers).status == 200)
        assert hits(stage, "api") == 2_000_000
    finally:
        stage.update(here, plan="free")


def test_the_neighbours_allowance_is_its_own(neighbour, here, there, stage):
    use_up(stage, here.database, 10_000)
    headers = {"Authorization": f"Bearer {there.key}"}
    assert neighbour.post("/json/2/res.users/search", {"domain": []}, headers).status == 200
