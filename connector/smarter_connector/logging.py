"""Logs as JSON lines or as text, with secrets struck out of both."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from smarter_connector.redaction import redact
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings


class RedactingFormatter(logging.Formatter):
    """Strikes secrets out of the finished text, so that tracebacks are covered as well."""

    def __init__(self, secrets: SecretResolver | None = None) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return self.clean(super().format(record))

    def clean(self, text: str) -> str:
        return redact(text, self._secrets.known if self._secrets else ())


class JsonFormatter(RedactingFormatter):
    """One JSON object a line: time, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = self.clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(
    settings: Settings, secrets: SecretResolver | None = None, stream: TextIO | None = None
) -> None:
    """Send the process's logs to ``stream`` (standard error) as the settings say."""
    formatter = JsonFormatter if settings.log_format == "json" else RedactingFormatter
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # These say for each request what our own figures count.
    for name in ("aiohttp.access", "asyncio", "odoorpc"):
        logging.getLogger(name).setLevel(logging.WARNING)
