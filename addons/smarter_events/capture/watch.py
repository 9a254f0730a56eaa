"""The map that decides, in one look-up by model name, whether anything is to be noted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from odoo.tools import SQL

from .declaration import Declaration
from .subscriptions import Wanted, wanted_by
from .triggers import Deleted, Relay


@dataclass(frozen=True, eq=False)
class Route:
    """A type, where it goes, and its place among the types of its model."""

    type: Declaration
    subscriptions: tuple[Wanted, ...]
    rank: int


@dataclass(frozen=True)
class Target:
    """A relay seen from the record that changes: which model it is a change of."""

    model: str
    relay: Relay


@dataclass(frozen=True)
class Watch:
    """What the capture must note of one model. ``columns`` are read; ``fields`` trigger.

    ``cascades``: (model, column) of records whose deletion is watched and which PostgreSQL deletes
    with those of this model.
    """

    model: str
    fields: frozenset[str]
    columns: tuple[str, ...]
    routes: tuple[Route, ...]
    targets: tuple[Target, ...]
    select: str
    rec_name: str | None
    builds_before_delete: tuple[Route, ...]
    cascades: tuple[tuple[str, str], ...]


def build_watches(env, types: Iterable[Declaration], wanted: Iterable[Wanted]) -> dict[str, Watch]:
    """The map of this database: only models of types that some subscription wants."""
    wanted, types = tuple(wanted), [declared for declared in types if is_awake(env, declared)]
    subscribed = {declared.name: wanted_by(wanted, declared.name) for declared in types}
    # Types that absorb a wanted one are evaluated too, though nobody gets them.
    absorbing = {name for one in types if subscribed[one.name] for name in one.absorbed_by}
    routes, targets = defaultdict(list), defaultdict(list)
    for declared in types:
        subscriptions = subscribed[declared.name]
        if not subscriptions and declared.name not in absorbing:
            continue
        routes[declared.model].append(Route(declared, subscriptions, len(routes[declared.model])))
        for relay in declared.trigger.relays:
            target = Target(declared.model, relay)
            if relay.model in env and target not in targets[relay.model]:
                targets[relay.model].append(target)
    cascades = _cascades(env, [name for name in routes if any(map(_fires_on_delete, routes[name]))])
    models = dict.fromkeys((*routes, *targets, *cascades))
    return {
        model: _watch(env, model, routes[model], targets[model], cascades[model])
        for model in models
    }


def _cascades(env, watched: list[str]) -> dict[str, list[tuple[str, str]]]:
    """By model, what a deletion of its records takes along of ``watched``, over any distance."""
    cascades, seen = defaultdict(list), list(watched)
    for name in seen:  # grows while it is walked
        for field in env[name]._fields.values():
            if field.type == "many2one" and field.store and field.ondelete == "cascade":
                cascades[field.comodel_name].append((name, field.name))
                if field.comodel_name not in seen:
                    seen.append(field.comodel_name)
    return cascades


def is_awake(env, declared: Declaration) -> bool:
    """Whether the model is there, is stored, and has the fields that trigger the type."""
    model = env.get(declared.model)
    if model is None or model._abstract or model._transient:
        return False
    return all(_is_column(model, name) for name in declared.trigger.fields)


def _is_column(model, name: str) -> bool:
    field = model._fields.get(name)
    return bool(field is not None and field.store and field.column_type)


def _is_text(model, name: str) -> bool:
    return _is_column(model, name) and model._fields[name].type in ("char", "text")


def _watch(env, name: str, routes, targets: list[Target], cascades) -> Watch:
    model = env[name]
    fields = {field for route in routes for field in route.type.trigger.fields}
    for target in targets:
        fields.update(field for field in target.relay.fields if _is_column(model, field))
    extra = {target.relay.up for target in targets if target.relay.up}
    if _is_column(model, "company_id"):
        # Of what the receivers keep, the company that loses a record must be told.
        (fields if any(map(_fires_on_delete, routes)) else extra).add("company_id")
    columns = tuple(sorted(fields | extra))
    listed = ", ".join(f'"{column}"' for column in ("id", *columns))
    return Watch(
        model=name,
        fields=frozenset(fields),
        columns=columns,
        routes=tuple(routes),
        targets=tuple(targets),
        select=f'SELECT {listed} FROM "{model._table}" WHERE "id" = ANY (%s)',
        rec_name=model._rec_name if _is_text(model, model._rec_name or "") else None,
        builds_before_delete=tuple(
            route for route in routes if route.type.author_id and _fires_on_delete(route)
        ),
        cascades=tuple(cascades),
    )


def _fires_on_delete(route: Route) -> bool:
    return isinstance(route.type.trigger, Deleted)


def stored_values(cr, watch: Watch, ids: list[int]) -> dict[int, dict]:
    """What the database holds now; ids without a row are missing in the answer."""
    if not ids:
        return {}
    cr.execute(watch.select, [ids])
    return {row[0]: dict(zip(watch.columns, row[1:], strict=True)) for row in cr.fetchall()}


def select_by(model, name: str, column: str, ids) -> SQL:
    """Id and ``name`` of the rows of ``model`` whose ``column`` is one of ``ids``."""
    return SQL(
        "SELECT id, %s FROM %s WHERE %s = ANY(%s)",
        SQL.identifier(name),
        SQL.identifier(model._table),
        SQL.identifier(column),
        list(ids),
    )
