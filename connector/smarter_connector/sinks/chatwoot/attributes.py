"""The custom attributes that contacts get, and their definitions in the account.

Chatwoot stores attributes without a definition too, but shows only defined ones.
"""

from __future__ import annotations

import asyncio
import logging

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.sinks.chatwoot.client import ChatwootClient, Invalid

logger = logging.getLogger(__name__)

TEXT, NUMBER, DATE = 0, 1, 5
"""Display types of Chatwoot's ``attribute_display_type``."""

DEFINITIONS = (
    ("smarter_rut", "RUT", TEXT, "RUT del cliente según Odoo."),
    ("smarter_saldo", "Saldo por cobrar", NUMBER, "Lo que el cliente debe hoy, según Odoo."),
    ("smarter_ultima_factura", "Última factura", TEXT, "Número, fecha y total."),
    ("smarter_ultimo_pedido", "Último pedido", TEXT, "Número, fecha y total."),
    ("smarter_cliente_desde", "Cliente desde", DATE, "Día en que pasó a ser cliente."),
    ("smarter_estado", "Estado en Odoo", TEXT, "Activo, archivado o eliminado en Odoo."),
)


class Definitions:
    """Creates what is missing, once in the life of a sink."""

    def __init__(self, client: ChatwootClient) -> None:
        self._client = client
        self._lock = asyncio.Lock()
        self._done = False

    async def ensure(self, *, again: bool = False) -> None:
        """Define the attributes unless that was done; ``again`` looks in any case."""
        async with self._lock:
            if self._done and not again:
                return
            known = await self._client.definitions()
            for key, name, kind, description in DEFINITIONS:
                if key not in known and not await self._define(key, name, kind, description):
                    break
            self._done = True

    async def _define(self, key: str, name: str, kind: int, description: str) -> bool:
        values = {
            "attribute_key": key,
            "attribute_display_name": name,
            "attribute_display_type": kind,
            "attribute_description": description,
        }
        try:
            await self._client.define(values)
        except Invalid:
            logger.debug("the attribute %s was defined meanwhile", key)
        except ConfigurationError as error:
            # Only administrators of the account may define attributes; contacts matter more.
            logger.warning("the attribute %s could not be defined in Chatwoot: %s", key, error)
            return False
        return True
