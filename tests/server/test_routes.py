"""What a server remembers of the registry, for how long, and what it believes of a request."""

from __future__ import annotations

import pytest

psycopg2 = pytest.importorskip("psycopg2", reason="comes with Odoo")

from tests.server.parts import part  # noqa: E402

routes, connections = part("routes"), part("connections")
counters, hosts, settings = part("counters"), part("hosts"), part("settings")
proxies, pages, allowance = part("proxies"), part("pages"), part("allowance")


class Registry:
    """A registry and a clock in the test's hand."""

    def __init__(self) -> None:
        self.now, self.asked, self.away = 1000.0, 0, False
        self.rows = [row("a.example.cl", "t_1_9")]

    def fetch(self):
        self.asked += 1
        if self.away:
            raise connections.Unavailable("away")
        return self.rows

    def routes(self):
        return routes.Routes(self.fetch, lambda: self.now)


def row(host: str, database: str, **more: object) -> tuple:
    values = {
        "host": host, "database": database, "plan": "free", "status": "active",
        "maintenance": None, "release": "r1", **more,
    }  # fmt: skip
    return tuple(values.values())


def test_within_a_second_the_registry_is_asked_once_whatever_hosts_are_invented():
    registry = Registry()
    known = registry.routes()
    assert known.of_host("a.example.cl").database == "t_1_9"
    assert all(known.of_host(f"{n}.example.cl") is None for n in range(1000))
    assert registry.asked == 1


def test_a_change_is_seen_after_a_second():
    registry = Registry()
    known = registry.routes()
    known.of_host("a.example.cl")
    registry.rows = [row("b.example.cl", "t_1_9")]
    assert known.of_host("b.example.cl") is None
    registry.now += routes.FRESH
    assert known.of_host("b.example.cl") and not known.of_host("a.example.cl")


def test_what_is_known_serves_for_fifteen_minutes_and_no_longer():
    registry = Registry()
    known = registry.routes()
    known.of_host("a.example.cl")
    registry.away = True
    registry.now += 15 * 60
    assert known.of_host("a.example.cl")
    registry.now += 1
    with pytest.raises(connections.Unavailable):
        known.of_host("a.example.cl")


def test_a_registry_that_comes_back_is_believed_again():
    registry = Registry()
    registry.away = True
    known = registry.routes()
    with pytest.raises(connections.Unavailable):
        known.of_host("a.example.cl")
    registry.away = False
    with pytest.raises(connections.Unavailable):
        known.of_host("a.example.cl")
    registry.now += routes.FRESH
    assert known.of_host("a.example.cl")


def test_a_tenant_is_known_since_it_was_first_seen():
    registry = Registry()
    known = registry.routes()
    known.snapshot()
    registry.rows.append(row("b.example.cl", "t_2_7"))
    registry.now += 10
    known.snapshot()
    registry.now += 5
    assert (known.served_for("t_1_9"), known.served_for("t_2_7")) == (15, 5)
    assert known.served_for("t_3_5") == 0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("A.Example.CL", ("a.example.cl", "")),
        ("a.example.cl:8069", ("a.example.cl", ":8069")),
        ("127.0.0.1:80", ("127.0.0.1", ":80")),
        ("localhost", ("localhost", "")),
        ("a.example.cl.", None),
        ("user@a.example.cl", None),
        ("a.example.cl:80:80", None),
        ("a.example.cl:", None),
        ("a.example.cl, b.example.cl", None),
        ("a_b.example.cl", None),
        ("10.0.0.1", None),
        ("[::1]:80", None),
        ("a.example.cl\n", None),
        ("ａ.example.cl", None),
        ("", None),
    ],
)
def test_a_host_header_names_one_host_or_none(header, expected):
    assert hosts.split(header) == expected


def settled(proxy_mode: bool, remote: str, **headers: str) -> dict[str, str]:
    trusted = settings.networks("10.0.0.0/8, ::1")
    environ = {"REMOTE_ADDR": remote, "HTTP_HOST": "inner", "wsgi.url_scheme": "http", **headers}
    proxies.Proxies(trusted, proxy_mode).settle(environ)
    return environ


def test_forwarded_values_of_a_trusted_proxy_become_the_requests_own():
    found = settled(
        True, "10.0.0.9", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.1",
        HTTP_X_FORWARDED_HOST="a.example.cl", HTTP_X_FORWARDED_PROTO="https",
    )  # fmt: skip
    assert found["REMOTE_ADDR"] == "203.0.113.1" and found["HTTP_HOST"] == "a.example.cl"
    assert found["wsgi.url_scheme"] == "https"
    assert not [name for name in found if "FORWARDED" in name]


@pytest.mark.parametrize(
    ("proxy_mode", "remote"),
    [(False, "10.0.0.9"), (True, "11.0.0.9"), (True, ""), (True, "::2"), (True, "10.0.0.9 ")],
)
def test_forwarded_values_of_anybody_else_are_thrown_away(proxy_mode, remote):
    found = settled(proxy_mode, remote, HTTP_X_FORWARDED_FOR="::1", HTTP_X_FORWARDED_HOST="a")
    assert (found["REMOTE_ADDR"], found["HTTP_HOST"]) == (remote, "inner")
    assert not [name for name in found if "FORWARDED" in name]


def test_the_environment_goes_before_the_configuration_file():
    options = {"smarter_registry_dsn_file": "from-file", "smarter_release": "1", "proxy_mode": True}
    found = settings.read(options, {"SMARTEROS_SERVED_RELEASE": "2"})
    assert (found.dsn_file, found.release, found.proxy_mode) == ("from-file", "2", True)
    assert settings.read({}, {}).dsn_file == ""


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy", "10.0.0.1/8"])
def test_a_network_that_is_none_stops_the_server(text):
    with pytest.raises(ValueError):
        settings.networks(text)


class Connection:
    """One to the registry, that can be lost or too slow."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.closed = error, False

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return None

    def execute(self, statement, parameters):
        if self.error:
            raise self.error

    def fetchall(self):
        return [(1,)]

    def close(self):
        self.closed = True


def test_connections_are_used_again_and_lost_ones_replaced():
    made = []
    pool = connections.Connections(lambda: made.append(Connection()) or made[-1])
    assert pool.query("SELECT") == pool.query("SELECT") == [(1,)]
    made[0].error = psycopg2.OperationalError("server closed the connection")
    assert pool.query("SELECT") == [(1,)]
    assert len(made) == 2 and made[0].closed


def test_a_registry_that_is_too_slow_is_not_asked_twice_for_one_request():
    slow = psycopg2.extensions.QueryCanceledError("statement timeout")
    made = []
    pool = connections.Connections(lambda: made.append(Connection()) or made[-1])
    pool.query("SELECT")
    made[0].error = slow
    with pytest.raises(connections.Unavailable, match="timeout"):
        pool.query("SELECT")
    assert len(made) == 1 and made[0].closed


def test_a_password_file_that_is_missing_is_a_registry_that_is_away(tmp_path):
    pool = connections.Connections(connections.opener(str(tmp_path / "none")))
    with pytest.raises(connections.Unavailable, match="cannot be read"):
        pool.query("SELECT")


class Pool:
    """Connections that answer, or do not."""

    def __init__(self) -> None:
        self.away, self.asked = False, 0

    def query(self, statement, parameters=()):
        self.asked += 1
        if self.away:
            raise connections.Unavailable("away")
        return [(41,)]


def test_while_the_registry_is_away_a_process_counts_for_itself_and_rests_before_asking_again():
    pool, now = Pool(), [0.0]
    counted = counters.Counters(pool, lambda: now[0])
    assert counted.hit("b", "k", 60) == 41
    pool.away = True
    assert [counted.hit("b", "k", 3600) for _ in range(3)] == [1, 2, 3]
    assert counted.count("b", "k", 3600) == 3 and pool.asked == 2
    pool.away = False
    now[0] += counters.REST
    assert counted.hit("b", "k", 3600) == 41


def test_windows_of_one_process_end_and_are_forgotten_one_by_one():
    now = [0.0]
    own = counters.OwnCounters(lambda: now[0])
    assert [own.hit("b", "k", 60), own.hit("b", "k", 60), own.hit("b", "other", 60)] == [1, 2, 1]
    own.forget("b", "k")
    assert (own.count("b", "k", 60), own.count("b", "other", 60)) == (0, 1)
    now[0] = 60.0
    assert own.count("b", "other", 60) == 0


def test_what_remains_of_a_window_is_never_nothing():
    assert counters.rest_of_window(60, 119.9) == 1
    assert counters.rest_of_window(60, 120.0) == 60


def test_plans_say_how_many_calls_and_an_unknown_plan_limits_nobody():
    assert allowance.calls_per_minute("free") == 100
    assert allowance.calls_per_minute("enterprise") is None
    assert allowance.calls_per_minute("of-the-next-release") is None


@pytest.mark.parametrize(
    ("path", "integration"),
    [
        ("/xmlrpc/2/common", True),
        ("/jsonrpc", True),
        ("/json/2/res.partner/search", True),
        ("/json/1/odoo", True),
        ("//jsonrpc", True),
        ("/web/dataset/call_kw", False),
        ("/jsonrpcs", False),
        ("/es/jsonrpc", True),
        ("/my/shop/jsonrpc", False),
    ],
)
def test_calls_of_programs_are_told_from_those_of_the_web_client(path, integration):
    assert pages.is_integration(path) is integration


def test_every_page_is_whole_in_itself_and_escapes_what_it_is_given():
    shown = pages.Refusal(404, "x", "<b>", ("a & b",)).page()
    assert "&lt;b&gt;" in shown and "a &amp; b" in shown
    for page in (pages.UNKNOWN_HOST, pages.MAINTENANCE, pages.MOVING, pages.UNAVAILABLE):
        text = page.page()
        assert "noindex" in text and 'lang="es-CL"' in text
        assert "src=" not in text and "href=" not in text and "url(" not in text
