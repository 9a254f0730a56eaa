from odoo import api, models
from odoo.exceptions import ValidationError

from .domain_policy import DomainProblem, parse_domain
from .field_policy import field_problem, model_problem, watch_problem
from .smarter_event_type import FIELDS_MAX, SLUG

NEEDS_FIELDS = ("changed", "reaches", "leaves")
NEEDS_VALUE = ("reaches", "leaves")


class SmarterEventType(models.Model):
    """What an event type may be made of. Every refusal names the field and says what to do."""

    _inherit = "smarter.event.type"

    @api.constrains("slug")
    def _check_slug(self):
        for event_type in self:
            if SLUG.fullmatch(event_type.slug or "") is None:
                raise ValidationError(
                    self.env._(
                        "The name '%(slug)s' cannot be used: write up to 60 lower-case letters, "
                        "digits, hyphens and underscores.",
                        slug=event_type.slug,
                    )
                )

    @api.constrains("model_id", "author_id")
    def _check_model(self):
        for event_type in self:
            if model_problem(self.env, event_type.model):
                raise ValidationError(
                    self.env._(
                        "No events can be made of %(model)s: it is a part of the system, not of "
                        "the business. Choose another kind of record.",
                        model=event_type.model_id.sudo().name,  # only its name, for the message
                    )
                )
            if not event_type._as_author().has_access("read"):
                raise ValidationError(
                    self.env._(
                        "You may not read %(model)s, so you cannot send it either.",
                        model=event_type.model_id.sudo().name,  # as above
                    )
                )

    def _as_author(self):
        """The model as its author may read it; constraints of ``create`` run with all rights."""
        return self.env[self.model].with_user(self.author_id)

    @api.constrains("model_id", "field_ids", "author_id")
    def _check_fields(self):
        for event_type in self:
            if not 1 <= len(event_type.field_ids) <= FIELDS_MAX:
                raise ValidationError(
                    self.env._("Choose between 1 and %(limit)s fields to send.", limit=FIELDS_MAX)
                )
            event_type._check_each(event_type.field_ids, field_problem)

    @api.constrains("model_id", "trigger", "trigger_field_ids", "trigger_value", "author_id")
    def _check_trigger(self):
        for event_type in self:
            event_type._check_each(event_type.trigger_field_ids, watch_problem)
            watched = len(event_type.trigger_field_ids)
            if event_type.trigger in NEEDS_FIELDS and not watched:
                raise ValidationError(self.env._("Choose the field to watch."))
            if event_type.trigger in NEEDS_VALUE:
                event_type._check_value(watched)

    def _check_value(self, watched):
        if watched != 1:
            raise ValidationError(self.env._("Only one field can be watched for a value."))
        if not self.trigger_value:
            raise ValidationError(
                self.env._("Write the value that %(field)s reaches.", field=self._watched_label())
            )
        name = self.trigger_field_ids.name
        field = self.env[self.model]._fields[name]
        if field.type == "selection" and self.trigger_value not in field.get_values(self.env):
            raise ValidationError(
                self.env._(
                    "%(field)s has no value '%(value)s'. It can be: %(hint)s",
                    field=self._watched_label(),
                    value=self.trigger_value,
                    hint=self.trigger_hint,
                )
            )

    def _watched_label(self):
        return self.trigger_field_ids[:1].field_description

    def _check_each(self, chosen, problem_of):
        for field in chosen:
            problem = self._field_problem(field, problem_of)
            if problem:
                raise ValidationError(self._field_message(field, problem))

    def _field_problem(self, field, problem_of):
        if field.model != self.model:
            return "unknown"
        problem = problem_of(self.env, self.model, field.name)
        if problem:
            return problem
        model = self._as_author()
        readable = model._has_field_access(model._fields[field.name], "read")
        return None if readable else "secret"

    def _field_message(self, field, problem):
        reasons = {
            "unknown": self.env._("it does not belong to this kind of record."),
            "binary": self.env._("files and images are not sent."),
            "secret": self.env._("it is confidential."),
            "relation": self.env._("it leads to the system's own records."),
            "not_stored": self.env._("it is calculated, so its change cannot be watched."),
        }
        return self.env._(
            "The field %(field)s cannot be used: %(reason)s Take it out.",
            field=field.field_description,
            reason=reasons[problem],
        )

    @api.constrains("model_id", "domain", "author_id")
    def _check_domain(self):
        for event_type in self:
            try:
                as_author = self.env(user=event_type.author_id.id, su=False)
                parse_domain(as_author, event_type.model, event_type.domain)
            except DomainProblem as error:
                raise ValidationError(
                    self.env._(
                        "The condition of the event type %(name)s cannot be used (%(why)s). "
                        "Correct it, with fields that may be sent and no formulas.",
                        name=event_type.name,
                        why=error.field or error.reason,
                    )
                ) from error
