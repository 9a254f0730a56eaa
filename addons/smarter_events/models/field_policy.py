"""Which models and fields an administrator's event type may read: no secret leaves through a form.

Shipped types choose their fields in code and do not pass through here.
"""

REFUSED_PREFIXES = ("ir.", "res.users", "certificate.", "auth", "smarter.", "base.", "bus.")
REFUSED_MODELS = frozenset(
    {"res.groups", "res.config.settings", "payment.provider", "payment.token"}
)
REFUSED_TYPES = frozenset({"binary", "image", "properties", "properties_definition"})
SECRET_WORDS = (
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "credential",
    "totp",
    "signup",
)


def model_problem(env, model):
    """Say why no event type may be made on ``model`` (its name), or None."""
    if model in REFUSED_MODELS or model.startswith(REFUSED_PREFIXES):
        return "system"
    if model not in env:
        return "unknown"
    if env[model]._abstract or env[model]._transient or not env[model]._auto:
        return "not_stored"
    return None


def field_problem(env, model, name):
    """Say why field ``name`` of ``model`` may not be sent, or None.

    Answers ``unknown``, ``binary``, ``secret`` or ``relation`` (it leads to a refused model).
    """
    field = env[model]._fields.get(name)
    if field is None:
        return "unknown"
    if field.type in REFUSED_TYPES:
        return "binary"
    if field.groups or any(word in name.lower() for word in SECRET_WORDS):
        return "secret"
    if field.relational and model_problem(env, field.comodel_name) == "system":
        return "relation"
    return _path_problem(env, model, field.related) if field.related else None


def _path_problem(env, model, path):
    """A related field is as closed as the most closed field on its way."""
    for name in path.split("."):
        if problem := field_problem(env, model, name):
            return problem
        model = env[model]._fields[name].comodel_name
    return None


def watch_problem(env, model, name):
    """Say why field ``name`` of ``model`` cannot trigger an event, or None.

    A trigger needs a column of its own: changes of anything else pass no door we stand at.
    """
    problem = field_problem(env, model, name)
    if problem:
        return problem
    field = env[model]._fields[name]
    return None if field.store and field.column_type else "not_stored"
