"""What an administrator sets up in PostgreSQL so that the connector can do its work and no more.

Odoo never sees the administrator's connection. ``provision`` runs for each tenant database and
again for each clone, ``audit_role`` proves the outcome.
"""

from __future__ import annotations

from smarter_connector.provisioning.audit import audit_role
from smarter_connector.provisioning.grants import provision
from smarter_connector.provisioning.roles import CONNECTOR_ROLE, ensure_role

__all__ = ["CONNECTOR_ROLE", "audit_role", "ensure_role", "provision"]
