"""Which filters an administrator may write: the same fields that may be sent, and no code.

A filter on a secret would tell it letter by letter, so it obeys ``field_policy`` too.
"""

from ast import literal_eval

from odoo.fields import Domain

from .field_policy import field_problem

DOMAIN_MAX = 4000
"""Characters of a stored filter."""


class DomainProblem(ValueError):
    """A filter that cannot be used: ``reason`` is syntax, field or value; ``field`` its path."""

    def __init__(self, reason, field=""):
        super().__init__(f"{reason}: {field}")
        self.reason = reason
        self.field = field


def parse_domain(env, model, text):
    """Read the Domain in ``text`` (literals only) for ``model``. Raises :class:`DomainProblem`."""
    domain = _read(text)
    _check_conditions(env, model, domain)
    try:
        domain.validate(env[model])
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


def _check_conditions(env, model, domain):
    for condition in domain.iter_conditions():
        last = _check_path(env, model, condition.field_expr)
        if condition.operator in ("any", "not any") and last is not None:
            if isinstance(condition.value, Domain | list | tuple):
                _check_conditions(env, last, Domain(condition.value))


def _check_path(env, model, path):
    """Check each step of ``path``; return the model it leads to, or None."""
    *steps, last = path.split(".")
    for step in steps:
        if field_problem(env, model, step):
            raise DomainProblem("field", path)
        model = env[model]._fields[step].comodel_name
        if not model:
            return None  # a part of a date, as create_date.month_number
    # The last step may be a relation to a system model: it is compared by id, not read.
    if field_problem(env, model, last) not in (None, "relation"):
        raise DomainProblem("field", path)
    return env[model]._fields[last].comodel_name
