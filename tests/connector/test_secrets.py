"""Secrets: where they may come from, and that they go nowhere else."""

from __future__ import annotations

import io
import json
import logging

import pytest

from smarter_connector import logging as logs
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.redaction import ANSWER_MAX, answer, redact
from smarter_connector.secrets import SecretResolver
from tests.connector.support import settings


@pytest.fixture
def resolver(tmp_path):
    (tmp_path / "token").write_text("from-a-file\n")
    environ = {"SMARTER_SECRET_TOKEN": "from-the-environment", "SMARTER_SECRET_EMPTY": " "}
    environ["HOME"] = "/root"
    return SecretResolver(env_prefix="SMARTER_SECRET_", folder=tmp_path, environ=environ)


def test_a_reference_names_a_variable_or_a_file(resolver, tmp_path):
    assert resolver.resolve("env:SMARTER_SECRET_TOKEN") == "from-the-environment"
    assert resolver.resolve(f"file:{tmp_path}/token") == "from-a-file"
    assert resolver.known == {"from-the-environment", "from-a-file"}
    assert "from-" not in repr(resolver)


@pytest.mark.parametrize(
    "reference",
    [
        "plain-secret-in-the-configuration",
        "env:HOME",
        "env:SMARTER_SECRET_MISSING",
        "env:SMARTER_SECRET_EMPTY",
        "file:/etc/hostname",
        "file:{folder}/../outside",
        "file:{folder}/missing",
        "http://example.cl",
        "",
    ],
)
def test_any_other_reference_is_refused_without_repeating_a_secret(resolver, tmp_path, reference):
    with pytest.raises(ConfigurationError) as caught:
        resolver.resolve(reference.replace("{folder}", str(tmp_path)))
    assert "plain-secret" not in str(caught.value)


def test_a_link_out_of_the_folder_is_refused(resolver, tmp_path):
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(ConfigurationError, match="must lie in"):
        resolver.resolve(f"file:{tmp_path}/link")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer SECRET-abcdef",
        "Authorization: Basic SECRET12345",
        '{"api_access_token": "SECRET-1"}',
        "https://user:SECRET@db.example/x",
        "postgresql://writer:SECRET@kpi/x",
        "password=SECRET&x=1",
        "key whsec_SECRETSECRET==",
        "x-api-key: mb_SECRETSECRETSECRET",
        "client_secret='SECRET-2'",
        "eyJSECRETxxxx.eyJSECRETyyyy.SECRETzzzz",
        "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----",
        "v1,SECRETSECRETSECRETSECRET=",
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text):
    assert "SECRET" not in redact(text)


def test_ordinary_words_stay():
    text = "contact 42 not found: phone +56 9 1234 5678, order S00042, total 119000"
    assert redact(text) == text


def test_known_secrets_are_struck_out_wherever_they_stand():
    assert redact("<b>hunter2!</b>", ["hunter2!"]) == "<b>[redacted]</b>"


def test_an_answer_is_cut_after_the_secrets_are_gone():
    edge = "x" * (ANSWER_MAX - 8) + "hunter2-and-more"
    text = answer(edge, ["hunter2-and-more"])
    assert len(text) == ANSWER_MAX and "hunter" not in text


def test_an_answer_holds_nothing_that_postgresql_cannot_store():
    assert "\x00" not in answer("a\x00b\x1b[31m")


def log_once(resolver, log_format: str, work) -> str:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.configure(settings(log_format=log_format), resolver, stream)
        work(logging.getLogger("test"))
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_logs_hold_no_secret_not_even_in_a_traceback(resolver, log_format):
    resolver.resolve("env:SMARTER_SECRET_TOKEN")

    def work(logger):
        try:
            raise ValueError("from-the-environment")
        except ValueError:
            logger.exception("token=%s", "another-secret")

    text = log_once(resolver, log_format, work)
    assert "ValueError" in text
    assert "from-the-environment" not in text and "another-secret" not in text


def test_a_json_log_is_one_object_a_line(resolver):
    text = log_once(resolver, "json", lambda logger: logger.warning("two\nlines"))
    line = json.loads(text)
    assert (text.count("\n"), line["level"], line["message"]) == (1, "warning", "two\nlines")
    assert line["time"].endswith("Z")
