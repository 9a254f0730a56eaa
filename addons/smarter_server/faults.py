"""What a caller reads of an unexpected error: its kind and a reference, not the server's inside.

Tracebacks, paths and SQL stay in the log, beside the same reference.
"""

from __future__ import annotations

import logging
import re
import xmlrpc.client

import psycopg2
from werkzeug.exceptions import HTTPException

import odoo.exceptions
from odoo import http
from odoo.addons.rpc.controllers import xmlrpc as xmlrpc_controller

from . import visit
from .visit import Visit

_logger = logging.getLogger(__name__)

#: Errors whose text is written for whoever called.
EXPECTED = (
    odoo.exceptions.UserError,
    odoo.exceptions.AccessDenied,
    odoo.exceptions.RedirectWarning,
    HTTPException,
    http.SessionExpiredException,
)
PATH = re.compile(r"""(?<![\w.])(?:/[\w.@+-]+){2,}/?|\bFile ".*?", line \d+""", re.ASCII)
LENGTH = 300


def describe(error: BaseException) -> str:
    """The first line of the error, without paths; of the database's errors only the kind."""
    kind = type(error).__name__
    if isinstance(error, psycopg2.Error):
        return f"database error ({kind})"
    lines = str(error).strip().splitlines()
    text = PATH.sub("...", lines[0])[:LENGTH] if lines else ""
    return f"{kind}: {text}" if text else kind


def install() -> None:
    """Replace what Odoo tells of errors by JSON and by XML-RPC."""
    stock_json = http.serialize_exception
    stock_int = xmlrpc_controller.xmlrpc_handle_exception_int
    stock_string = xmlrpc_controller.xmlrpc_handle_exception_string

    def serialize_exception(exception, *, message=None, arguments=None):
        here = visit.current()
        if here is None:
            return stock_json(exception, message=message, arguments=arguments)
        if not isinstance(exception, EXPECTED):
            message = _told(here, exception)
            arguments = (message,)
        told = stock_json(exception, message=message, arguments=arguments)
        return {**told, "debug": ""}

    def handle_int(error):
        here = visit.current()
        if here is None or isinstance(error, EXPECTED):
            return stock_int(error)
        fault = xmlrpc_controller.RPC_FAULT_CODE_APPLICATION_ERROR
        return xmlrpc_controller.dumps(xmlrpc.client.Fault(fault, _told(here, error)))

    def handle_string(error):
        here = visit.current()
        if here is None or isinstance(error, EXPECTED):
            return stock_string(error)
        return xmlrpc_controller.dumps(xmlrpc.client.Fault(_told(here, error), ""))

    http.serialize_exception = serialize_exception
    xmlrpc_controller.xmlrpc_handle_exception_int = handle_int
    xmlrpc_controller.xmlrpc_handle_exception_string = handle_string


def _told(here: Visit, error: BaseException) -> str:
    _logger.error("Error %s at %s: %s", here.reference, here.path, type(error).__name__)
    return f"{describe(error)} [ref. {here.reference}]"
