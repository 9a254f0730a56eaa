"""The sink ``warehouse``: batches of events become rows, each batch in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from smarter_connector.exceptions import ConfigurationError, ConnectorError, Rejected
from smarter_connector.secrets import read_secret
from smarter_connector.sinks.base import Result, SinkContext
from smarter_connector.sinks.metabase import MetabaseNotifier, MetabaseTarget
from smarter_connector.sinks.warehouse.mapping import Row, Unmappable, row
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_connector.stores.base import Delivery

_logger = logging.getLogger(__name__)

#: What the events of a batch came to, by the delivery's id. None: nothing to keep.
Rows = dict[int, Row | None]
Errors = dict[int, ConnectorError]


class WarehouseSink:
    """Raises ConfigurationError when the DSN is missing or cannot be read."""

    def __init__(self, context: SinkContext) -> None:
        self._tenant = context.tenant.rut
        self._dsn = _dsn(context)
        self._warehouse: Warehouse | None = None
        self._metabase = _metabase(context)

    async def deliver(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Write what can be written; an event that cannot be does not hold up the others."""
        if self._warehouse is None:
            self._warehouse = Warehouse.acquire(self._dsn)
        rows, errors = self._read(deliveries)
        kept = {id_: row for id_, row in rows.items() if row is not None}
        if kept:
            ruts = {row.rut for row in kept.values()}
            refused = await self._warehouse.refused(self._tenant, ruts)
            errors |= {id_: refused[row.rut] for id_, row in kept.items() if row.rut in refused}
            kept = {id_: row for id_, row in kept.items() if id_ not in errors}
            failed = await self._write(self._warehouse, kept)
            errors |= failed
            if len(failed) < len(kept) and self._metabase:
                self._metabase.changed()
        return [_result(delivery, errors.get(delivery.id)) for delivery in deliveries]

    async def close(self) -> None:
        if self._metabase:
            await self._metabase.close()
        if self._warehouse:
            await self._warehouse.release()
            self._warehouse = None

    def _read(self, deliveries: Sequence[Delivery]) -> tuple[Rows, Errors]:
        rows: Rows = {}
        errors: Errors = {}
        for delivery in deliveries:
            event = delivery.event
            if event.tenant != self._tenant:
                message = f"the event is of tenant {event.tenant}, the database of {self._tenant}"
                errors[delivery.id] = Rejected(message, status="foreign tenant", answer=message)
                continue
            try:
                rows[delivery.id] = row(event)
            except Unmappable as error:
                errors[delivery.id] = Rejected(str(error), status="data", answer=str(error))
        return rows, errors

    async def _write(self, warehouse: Warehouse, rows: dict[int, Row]) -> Errors:
        """Together; one by one when the data of one of them is refused."""
        if not rows:
            return {}
        try:
            await warehouse.write(self._tenant, list(rows.values()))
        except Rejected as error:
            if len(rows) == 1:
                return dict.fromkeys(rows, error)
        except ConnectorError as error:
            return dict.fromkeys(rows, error)
        else:
            return {}
        errors: Errors = {}
        for id_, one in rows.items():
            errors |= await self._write(warehouse, {id_: one})
        return errors


def _result(delivery: Delivery, error: ConnectorError | None) -> Result:
    if error is None:
        return Result(delivery, status="written")
    return Result(delivery, error=error, status=error.status, answer=error.answer)


def _metabase(context: SinkContext) -> MetabaseNotifier | None:
    """Metabase misconfigured does not keep the data from the warehouse."""
    try:
        target = MetabaseTarget.from_config(context.subscription, context.secrets)
    except ConfigurationError as error:
        _logger.warning("subscription %s: %s", context.subscription.id, error)
        return None
    return MetabaseNotifier(target, context.transport, context.clock) if target else None


def _dsn(context: SinkContext) -> str:
    reference = context.subscription.config.get("dsn")
    if reference:
        return context.secrets.resolve(reference)
    if context.settings.warehouse_dsn_file is None:
        raise ConfigurationError(
            "no warehouse: set SMARTER_WAREHOUSE_DSN_FILE, or dsn in the subscription",
            status="dsn",
        )
    return read_secret(context.settings.warehouse_dsn_file)
