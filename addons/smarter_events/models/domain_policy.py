"""Which filters an administrator may write: the same fields that may be sent, and no code.

A filter on a secret would tell it letter by letter, so it obeys ``field_policy`` too, and each step
of a path must be readable by its author.
"""

from ast import literal_eval

from odoo.fields import Domain

from ..capture.filters import leads_away
from .field_policy import field_problem, model_problem

DOMAIN_MAX = 4000
"""Characters of a stored filter."""

_INTO = ("any", "not any")


class DomainProblem(ValueError):
    """A filter that cannot be used: ``reason`` is syntax, field or value; ``field`` its path."""

    def __init__(self, reason, field=""):
        super().__init__(f"{reason}: {field}")
        self.reason = reason
        self.field = field


def parse_domain(env, model, text):
    """Read the Domain in ``text`` (literals only) for ``model``, as the user of ``env`` may write
    it. Raises :class:`DomainProblem`."""
    domain = _read(text)
    _check_conditions(env, model, domain)
    try:
        domain.validate(env[model])
        if leads_away(env[model], domain):
            env[model]._search(domain)  # a calculated field at its end may know no search
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DomainProblem("value", str(error)[:200]) from error
    return domain


def _read(text):
    if len(text or "") > DOMAIN_MAX:
        raise DomainProblem("syntax")
    try:
        return Domain(literal_eval(text or "[]"))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise DomainProblem("syntax") from error


def _domain(terms):
    try:
        return Domain(terms)
    except (ValueError, TypeError) as error:
        raise DomainProblem("syntax") from error


def _check_conditions(env, model, domain):
    for condition in domain.iter_conditions():
        last = _check_path(env, model, condition.field_expr)
        if condition.operator in _INTO and isinstance(condition.value, Domain | list | tuple):
            if last is None or model_problem(env, last) == "system":
                raise DomainProblem("field", condition.field_expr)
            _check_conditions(env, last, _domain(condition.value))


def _check_path(env, model, path):
    """Check each step of ``path``; return the model it leads to, or None."""
    *steps, last = path.split(".")
    for step in steps:
        if field_problem(env, model, step) or not _is_readable(env, model, step):
            raise DomainProblem("field", path)
        model = env[model]._fields[step].comodel_name
        if not model:
            return None  # a part of a date, as create_date.month_number
    # The last step may be a relation to a system model: it is compared by id, not read.
    if field_problem(env, model, last) not in (None, "relation"):
        raise DomainProblem("field", path)
    if not _is_readable(env, model, last):
        raise DomainProblem("field", path)
    return env[model]._fields[last].comodel_name


def _is_readable(env, model, name):
    records = env[model]
    return records.has_access("read") and records._has_field_access(records._fields[name], "read")
