"""The commands: documents for programs, words for people, exit codes that mean something."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from smarter_connector.tenants import Platform
from smarter_connector.tenants.cli import app
from tests.tenants import small

CREATE = ("create", "77.654.321-7", "--name", "Mi Empresa SpA", "--admin-email", "a@example.cl")


@pytest.fixture
def run(little: Platform):
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, words, obj=little.settings)

    return invoke


def test_create_answers_with_one_document(run):
    result = run(*CREATE, "--plan", "business", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["tenant"]["database"] == "t_77654321_7"
    assert made["invitation"].startswith("https://mi-empresa-spa.example.cl/web/reset_password?")


def test_a_second_create_is_a_conflict(run):
    run(*CREATE)
    result = run(*CREATE, "--json")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "belongs to" in result.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "77.654.321-8", "--name", "X", "--admin-email", "a@b.cl"), 2),
        (("create", "77.654.321-7", "--name", "X", "--admin-email", "a@b.cl", "--plan", "x"), 2),
        (("create", "77.654.321-7"), 2),
        ((*CREATE, "--external", "no-pair"), 2),
        (("show", "nadie"), 4),
        (("suspend", "nadie", "--reason", "x"), 4),
        (("suspend", "--reason", "x"), 2),
        (("suspend", "a", "--all", "--reason", "x"), 2),
        (("resume", "--all"), 0),
        (("list", "--json"), 0),
        (("template", "register", "tpl_x"), 2),
        (("no-such-command",), 2),
    ],
)
def test_the_exit_code_says_what_became_of_it(run, words, code):
    assert run(*words).exit_code == code


def test_a_busy_tenant_has_its_own_code(run, little: Platform):
    run(*CREATE)
    with little.registry.lock("77654321-7"):
        assert run("suspend", "77654321-7", "--reason", "x").exit_code == 5


def test_several_tenants_of_which_one_fails_are_partly_done(run):
    run(*CREATE)
    result = run("suspend", "mi-empresa-spa", "nadie", "--reason", "Falta el pago", "--json")
    assert result.exit_code == 7
    first, second = json.loads(result.stdout)
    assert (first["ok"], first["result"]["status"]) == (True, "suspended")
    assert (second["ok"], second["error"]) == (False, "no tenant 'nadie'")


def test_all_means_every_tenant_that_is_served(run, little: Platform):
    run(*CREATE)
    run("create", "12.345.678-5", "--name", "Otra", "--admin-email", "a@example.cl")
    assert run("suspend", "--all", "--reason", "Mantención").exit_code == 0
    assert {tenant.status for tenant in little.registry.tenants()} == {"suspended"}


def test_list_and_show_are_for_people_too(run):
    run(*CREATE)
    assert "Mi Empresa SpA" in run("list").stdout
    assert "t_77654321_7" in run("show", "77.654.321-7").stdout


def test_the_doctor_has_its_own_code(run, little: Platform):
    run(*CREATE)
    assert run("doctor", "mi-empresa-spa").exit_code == 0
    little.databases.drop("t_77654321_7")
    result = run("doctor", "mi-empresa-spa", "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)[0]["level"] == "error"


def test_a_password_comes_from_a_file_and_a_short_one_is_refused(run, tmp_path):
    path = tmp_path / "password"
    path.write_text("short")
    result = run(*CREATE, "--password-file", str(path))
    assert result.exit_code == 2
    assert "12 or more" in result.stderr
    path.write_text("a long enough password\n")
    result = run(*CREATE, "--password-file", str(path), "--json")
    assert json.loads(result.stdout)["invitation"] is None


def test_no_option_takes_a_password():
    from typer.main import get_command

    for command in get_command(app).commands.values():
        assert "--password" not in [word for one in command.params for word in one.opts]


def test_the_other_commands_of_a_day(run, little: Platform):
    run(*CREATE)
    slug = "mi-empresa-spa"
    assert run("plan", slug, "--to", "starter").exit_code == 0
    assert run("grants", slug).exit_code == 0
    assert run("install", slug, "-m", "crm").exit_code == 0
    assert run("rename-host", slug, "erp.empresa.cl", "--alias", "www.empresa.cl").exit_code == 0
    assert "https://erp.empresa.cl/web/reset_password" in run("invite", slug).stdout
    row = little.registry.tenant(slug)
    assert (row.plan, row.host, "crm" in row.modules) == ("starter", "erp.empresa.cl", True)


def test_the_registry_may_be_installed_again(run):
    result = run("registry", "install", "--json")
    assert json.loads(result.stdout) == {"database": small.REGISTRY}
    assert "yes" in run("template", "list").stdout
