"""One server, two tenants: nothing a client sends to one host reaches the other's database."""

from __future__ import annotations

import xmlrpc.client

import pytest

from tests.server.stage import PASSWORD
from tests.server.web import PROXY, Site

pytestmark = pytest.mark.odoo


def database_of(site: Site, cookie: str) -> str | None:
    """The database the session works in; None when it is not logged in."""
    answer = site.ask("/web/session/get_session_info", method="POST", body=b"{}", headers={
        "Cookie": cookie, "Content-Type": "application/json"})  # fmt: skip
    return answer.json().get("result", {}).get("db")


def test_each_host_logs_in_to_its_own_database(site, neighbour, here, there):
    for place, tenant in ((site, here), (neighbour, there)):
        answer = place.login(PASSWORD)
        assert answer.status == 303
        assert database_of(place, answer.cookie()) == tenant.database


def test_a_session_of_one_tenant_is_nobody_at_the_other_although_they_share_every_secret(
    site, neighbour, here
):
    cookie = site.login(PASSWORD).cookie()
    assert database_of(site, cookie) == here.database
    assert database_of(neighbour, cookie) is None


def test_a_database_in_the_address_is_ignored_when_it_is_another_tenants(site, here, there):
    answer = site.login(PASSWORD, query=f"?db={there.database}")
    assert database_of(site, answer.cookie()) == here.database


@pytest.mark.parametrize("name", ["other", "absent", "postgres"])
def test_logging_in_by_json_asks_for_the_hosts_own_database(site, there, name):
    database = {"other": there.database, "absent": "t_1_9"}.get(name, name)
    answer = site.authenticate(database, PASSWORD).json()
    assert answer["error"]["data"]["message"] == "Database not found."
    assert "Traceback" not in str(answer)


def test_logging_in_by_json_works_for_the_hosts_own_database(site, here):
    assert site.authenticate(here.database, PASSWORD).json()["result"]["db"] == here.database


@pytest.mark.parametrize("path", ["/web/login", "/json/2/res.partner/search", "/odoo"])
def test_a_database_named_by_header_is_not_found_whether_it_exists_or_not(site, there, path):
    answers = [
        site.ask(path, headers={"X-Odoo-Database": name}) for name in (there.database, "t_1_9")
    ]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


def test_a_key_opens_json_2_at_its_own_host_only(site, neighbour, here):
    headers = {"Authorization": f"Bearer {here.key}"}
    path, body = "/json/2/res.users/search_read", {"fields": ["login"], "domain": []}
    assert site.post(path, body, headers | {"X-Odoo-Database": here.database}).status == 200
    assert neighbour.post(path, body, headers).status == 401


def test_rpc_serves_the_hosts_own_database(site, here):
    uid = site.jsonrpc("common", "login", here.database, "admin", PASSWORD)["result"]
    found = site.xmlrpc(
        "2/object", "execute_kw", here.database, uid, here.key, "res.users", "search_count", [[]]
    )
    assert uid and found >= 1


@pytest.mark.parametrize("place", ["common", "2/common"])
@pytest.mark.parametrize("method", ["login", "authenticate"])
def test_xmlrpc_logs_nobody_in_to_another_database(site, there, place, method):
    more = [{}] if method == "authenticate" else []
    faults = []
    for database in (there.database, "t_1_9", ""):
        with pytest.raises(xmlrpc.client.Fault) as refused:
            site.xmlrpc(place, method, database, "admin", PASSWORD, *more)
        faults.append((refused.value.faultCode, refused.value.faultString))
    assert len(set(faults)) == 1 and "Denied" in str(faults[0])


def test_xmlrpc_and_jsonrpc_execute_nothing_in_another_database(site, there):
    call = (there.database, 2, PASSWORD, "res.partner", "search_count", [[]])
    with pytest.raises(xmlrpc.client.Fault, match="Access Denied"):
        site.xmlrpc("2/object", "execute_kw", *call)
    answer = site.jsonrpc("object", "execute_kw", *call)
    assert answer["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


@pytest.mark.parametrize(
    "call",
    [
        ("db_exist", "t_1_9"),
        ("db_exist", "postgres"),
        ("list",),
        ("list", True),
        ("server_version",),
        ("dump", "admin", "postgres", "zip"),
        ("drop", "admin", "postgres"),
        ("create_database", "admin", "new", False, "en_US"),
    ],
)
def test_the_db_service_is_closed(site, call):
    with pytest.raises(xmlrpc.client.Fault) as refused:
        site.xmlrpc("2/db", *call)
    assert refused.value.faultCode == 3
    assert site.jsonrpc("db", *call)["error"]["data"]["name"] == "odoo.exceptions.AccessDenied"


@pytest.mark.parametrize(
    "path",
    [
        "/web/database/manager",
        "/web/database/selector",
        "/web/database/list",
        "/web/database/create",
        "/es_CL/web/database/manager",
        "/WEB/Database/manager",
        "//web//database/manager",
        "/web/%64atabase/manager",
    ],
)
def test_the_database_manager_is_closed(site, path):
    for method in ("GET", "POST"):
        assert site.ask(path, method=method, body=b"").status == 404


def test_the_list_of_databases_is_not_told_by_json_either(site, there):
    answer = site.post("/web/database/list", {"params": {}})
    assert answer.status == 404 and there.database not in answer.text


@pytest.mark.parametrize(
    ("service", "method", "arguments"),
    [
        ("object", "execute_kw", ["{db}", 2, "{key}", "res.partner", "read", [["x"]]]),
        ("object", "execute_kw", ["{db}", 2, "{key}", "res.partner", "no_such_method", [[]]]),
        ("object", "execute_kw", ["{db}"]),
        ("object", "no_such_method", ["{db}", 2, "{key}", "res.partner", "read", []]),
        ("nothing", "version", []),
    ],
)
def test_unexpected_errors_are_told_without_tracebacks_and_paths(
    site, here, service, method, arguments
):
    filled = [
        part.format(db=here.database, key=here.key) if isinstance(part, str) else part
        for part in arguments
    ]
    texts = [str(site.jsonrpc(service, method, *filled))]
    if service != "nothing":
        for place in ("", "2/"):
            with pytest.raises(xmlrpc.client.Fault) as fault:
                site.xmlrpc(f"{place}{service}", method, *filled)
            texts.append(f"{fault.value.faultCode} {fault.value.faultString}")
    for text in texts:
        assert "Traceback" not in text and "/usr/" not in text and ".py" not in text
        assert "SELECT" not in text


def test_the_log_keeps_what_the_caller_is_not_told(site, here, log):
    answer = site.jsonrpc(
        "object", "execute_kw", here.database, 2, here.key, "res.partner", "read", [["x"]]
    )
    reference = answer["error"]["data"]["message"].rpartition("ref. ")[2].rstrip("]")
    assert len(reference) == 8 and reference in log.read_text()


def test_a_caller_of_rpc_does_not_decide_where_links_lead(site, here, stage):
    site.xmlrpc("2/common", "authenticate", here.database, "admin", PASSWORD,
                {"base_location": "http://evil.example", "interactive": True})  # fmt: skip
    query = "SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'"
    with stage.runtime.server.odoo.connect(here.database) as connection:
        assert "evil" not in str(connection.execute(query).fetchone())


def test_an_expired_key_opens_nothing(site, here, stage):
    call = (here.database, 2, here.expired, "res.partner", "search_count", [[]])
    with pytest.raises(xmlrpc.client.Fault, match="Access Denied"):
        site.xmlrpc("2/object", "execute_kw", *call)
    headers = {"Authorization": f"Bearer {here.expired}"}
    assert site.post("/json/2/res.partner/search", {"domain": []}, headers).status == 401


def test_a_key_that_expires_is_refused_although_odoo_remembers_it(site, here, stage):
    call = (here.database, 2, here.key, "res.partner", "search_count", [[]])
    assert site.xmlrpc("2/object", "execute_kw", *call) > 0
    change = "UPDATE res_users_apikeys SET expiration_date = now() + %s::interval WHERE index = %s"
    with stage.runtime.server.odoo.connect(here.database) as connection:
        connection.execute(change, ["-1 day", here.key[:8]])
        try:
            with pytest.raises(xmlrpc.client.Fault, match="Access Denied"):
                site.xmlrpc("2/object", "execute_kw", *call)
        finally:
            connection.execute(change, ["30 days", here.key[:8]])


@pytest.mark.parametrize(
    "pattern",
    [
        "{here}@{there}",
        "{there}@{here}",
        "{here}.",
        "{here}, {there}",
        "{here}/{there}",
        "{here}:80:80",
        "{here}:port",
        "x.{here}",
        "{here}.evil.example",
        "evil.example",
        "127.0.0.1",
        "[::1]",
        "empresa_1.localhost",
        "",
    ],
)
def test_hosts_that_are_not_exactly_a_tenants_are_unknown(site, here, there, pattern):
    host = pattern.format(here=here.host, there=there.host)
    answer = site.ask("/web/login", headers={"Host": host})
    assert answer.status == 404 and "No encontramos esta dirección" in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("pattern", ["{0}", "{1}", "{0}:8069", "{1}:443"])
def test_case_and_port_make_no_other_host(site, here, pattern):
    host = pattern.format(here.host, here.host.upper())
    answer = site.ask("/web/login", headers={"Host": host})
    assert answer.status == 200 and "csrf_token" in answer.text


def test_two_host_headers_are_one_unknown_host(odoo, here, there):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", odoo, timeout=30)
    connection.putrequest("GET", "/web/login", skip_host=True)
    connection.putheader("Host", here.host)
    connection.putheader("Host", there.host)
    connection.endheaders()
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Host", "X-Forwarded-Server"])
def test_a_client_that_is_no_proxy_cannot_name_another_host(site, here, there, name):
    value = f"host={there.host}" if name == "Forwarded" else there.host
    headers = {name: value, "Content-Type": "application/json"}
    params = {"db": here.database, "login": "admin", "password": PASSWORD}
    body = b'{"params": %s}' % str(params).replace("'", '"').encode()
    answer = site.ask("/web/session/authenticate", method="POST", body=body, headers=headers)
    assert answer.json()["result"]["db"] == here.database


def test_the_proxys_word_about_the_host_is_taken(odoo, here, there):
    site = Site(odoo, "inner.localhost")
    answer = site.ask("/web/login", headers={"X-Forwarded-Host": there.host}, source=PROXY)
    assert answer.status == 200
    # Of a list, the last one is the proxy's own; the rest came from the client.
    for value, status in ((f"{here.host}, evil.example", 404), (f"evil.example, {here.host}", 200)):
        headers = {"X-Forwarded-Host": value}
        assert site.ask("/web/login", headers=headers, source=PROXY).status == status


def test_the_health_of_the_process_is_told_at_any_host_and_opens_no_database(odoo, there):
    answer = Site(odoo, "balancer").ask("/web/health", headers={"X-Odoo-Database": there.database})
    assert (answer.status, answer.json()) == (200, {"status": "pass"})


def test_programs_are_told_of_an_unknown_host_in_json(odoo):
    answer = Site(odoo, "nobody.localhost").post("/jsonrpc", {})
    assert answer.status == 404 and answer.json()["error"]["data"]["code"] == "unknown_host"
    assert Site(odoo, "nobody.localhost").ask("/web/login", method="HEAD").text == ""
