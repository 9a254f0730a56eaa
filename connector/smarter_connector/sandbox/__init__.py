"""A small stand-in for Chatwoot, n8n and Metabase, for development, tests and measurements.

It answers the calls the connector makes as the real systems answer them, verifies every signature,
keeps what arrived where a person or a test can look, and misbehaves when told to. It is no
substitute for the real systems: it listens on this machine only and forgets all at the end.
"""

from smarter_connector.sandbox.faults import Fault, InvalidFault
from smarter_connector.sandbox.server import Sandbox

__all__ = ["Fault", "InvalidFault", "Sandbox"]
