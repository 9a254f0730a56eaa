from odoo import api, fields, models
from odoo.exceptions import ValidationError

from smarter_domain.events import EVENT_TYPES, InvalidPattern, matches, parse_patterns

from .domain_policy import DomainProblem, parse_domain

# They concern no business record, so a filter neither applies to them nor is measured by them.
UNFILTERED = frozenset({"test.ping", "record.deleted", "tenant.updated"})


class SmarterSubscription(models.Model):
    """Which events a subscription wants: patterns of types, and a filter on the record."""

    _inherit = "smarter.subscription"

    matching_types = fields.Text("Types that match", compute="_compute_matching")
    matching_count = fields.Integer(compute="_compute_matching")
    filter_model = fields.Char(compute="_compute_matching")

    @api.depends("patterns")
    def _compute_matching(self):
        known = self._known_types()
        for subscription in self:
            found = subscription._matching(known)
            subscription.matching_types = "\n".join(sorted(found))
            subscription.matching_count = len(found)
            subscription.filter_model = subscription._filter_model(found)

    @api.model
    def _known_types(self):
        """Return {type: model} of the types shipped and of those made by administrators."""
        known = {name: event_type.model for name, event_type in EVENT_TYPES.items()}
        made = self.env["smarter.event.type"].search([])
        return known | {event_type.type: event_type.model for event_type in made}

    def _matching(self, known):
        """Return the part of ``known`` that the patterns want; nothing while they are wrong."""
        try:
            wanted = parse_patterns(self.patterns or "")
        except InvalidPattern:
            return {}
        return {
            name: model
            for name, model in known.items()
            if any(matches(pattern, name) for pattern in wanted)
        }

    def _filter_model(self, found):
        """A filter speaks of the fields of one model: name it, or False when they are several."""
        candidates = {model for name, model in found.items() if name not in UNFILTERED}
        only = candidates.pop() if len(candidates) == 1 else False
        return only if only and only in self.env else False

    @api.constrains("patterns")
    def _check_patterns(self):
        for subscription in self:
            try:
                wanted = parse_patterns(subscription.patterns or "")
            except InvalidPattern as error:
                raise ValidationError(
                    self.env._(
                        "Event types of the subscription %(name)s: '%(pattern)s' cannot be read. "
                        "Write one per line, as order.confirmed, order.* or *.",
                        name=subscription.name,
                        pattern=error.pattern,
                    )
                ) from error
            subscription._check_patterns_match(wanted)

    def _check_patterns_match(self, wanted):
        known = self._known_types()
        for pattern in wanted:
            # A custom type may be made later, by an addon or by an administrator.
            if not pattern.startswith("custom.") and not any(matches(pattern, t) for t in known):
                raise ValidationError(
                    self.env._(
                        "No event type matches '%(pattern)s' in the subscription %(name)s. "
                        "Correct it or take it out.",
                        pattern=pattern,
                        name=self.name,
                    )
                )

    @api.constrains("filter_domain", "patterns")
    def _check_filter(self):
        for subscription in self:
            if subscription._has_filter():
                subscription._check_filter_domain()

    def _has_filter(self):
        return (self.filter_domain or "").strip() not in ("", "[]")

    def _check_filter_domain(self):
        if not self.filter_model:
            raise ValidationError(
                self.env._(
                    "The filter of the subscription %(name)s needs event types of one kind of "
                    "record (all order.*, for example). Choose such types, or take out the filter.",
                    name=self.name,
                )
            )
        try:
            # Constraints of ``create`` run with all rights; the author's count.
            parse_domain(self._author_env(), self.filter_model, self.filter_domain)
        except DomainProblem as error:
            raise ValidationError(self._filter_message(error)) from error

    def _author_env(self):
        author_sudo = self.sudo().author_id  # may be one the current user cannot read
        return self.env(user=author_sudo.id or self.env.uid, su=False)

    def _filter_message(self, error):
        reasons = {
            "syntax": self.env._("it cannot be read."),
            "field": self.env._(
                "the field %(field)s does not exist or may not be used.", field=error.field
            ),
            "value": self.env._("one of its conditions is not valid (%(why)s).", why=error.field),
        }
        return self.env._(
            "Filter of the subscription %(name)s: %(reason)s",
            name=self.name,
            reason=reasons[error.reason],
        )
