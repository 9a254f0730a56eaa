"""The KPI warehouse: what Metabase reads. ``docs/kpi.md`` describes it for operators."""

from __future__ import annotations

from smarter_connector.sinks.warehouse.install import Login, drop_tenant, ensure_tenant, install
from smarter_connector.sinks.warehouse.names import Names
from smarter_connector.sinks.warehouse.sink import WarehouseSink

__all__ = ["Login", "Names", "WarehouseSink", "drop_tenant", "ensure_tenant", "install"]
