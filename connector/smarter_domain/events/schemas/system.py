"""Events about records and subscriptions as such, and the open schema of administrators' types."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import vocabulary as v

_PING: Schema = {
    **v.event_data(
        "test.ping",
        "smarter.subscription",
        {"message": v.text("Texto de la prueba.", maxLength=200)},
        optional=("model", "name"),  # the protocol function that sends it knows only the id
    ),
}

TYPES = (
    EventType(
        name="record.deleted",
        model=None,
        aggregate_model=None,
        summary="A record that the warehouse keeps was deleted.",
        when="Se eliminó un registro que el almacén de indicadores guarda.",
        schema=v.event_data("record.deleted", None, {}),
        example={"id": 42, "model": "sale.order", "name": "S00042"},
        module="base",
        warehouse=True,
    ),
    EventType(
        name="test.ping",
        model="smarter.subscription",
        aggregate_model="smarter.subscription",
        summary="A test asked for by a person, for one subscription.",
        when="Alguien pidió una prueba de la suscripción.",
        schema=_PING,
        example={"id": 3, "message": "Prueba de SmarterOS"},
        module="smarter_events",
    ),
)


def custom_schema(name: str) -> Schema:
    """The schema of ``custom.<slug>``: what administrators declare is open but for its identity."""
    fields = {"type": "object", "description": "Los campos elegidos por el administrador."}
    return v.event_data(name, None, {"fields": fields}, optional=("name",))
