"""What a run has learned from refusals: in which form a model takes a request. Remembered for the run."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from cassia_engine.providers.dialects import Traits
from cassia_engine.providers.faults import Fault

# With fewer tokens no answer fits, and to ask for it would only cost.
_LEAST_TOKENS = 256
_FORMS = ("json_schema", "json_object")
_TOKEN_FIELDS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class Adjustments:
    """How requests differ from what the table of quirks says.

    Attributes:
        dropped: parameters that are left away: temperature, reasoning, schema, bounds.
        schema: how the reply's shape is demanded instead, "" for as the table says.
        refused: forms of the schema, and names of the field for the most tokens, that were refused.
        token_field: name of the field for the most tokens, "" for the table's.
        most_tokens: of a reply, 0 for no limit.
        folded: the system text goes into the first message of the user.
    """

    dropped: frozenset[str] = frozenset()
    schema: str = ""
    refused: frozenset[str] = frozenset()
    token_field: str = ""
    most_tokens: int = 0
    folded: bool = False

    @property
    def written(self) -> dict[str, Any]:
        """What is not as by default, as JSON has it."""
        changed = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in changed.items()}

    def applied(self, traits: Traits) -> Traits:
        """The traits as a request is written by them."""
        changed = traits.without(self.dropped)
        return replace(
            changed,
            schema=self.schema if self.schema and changed.schema else changed.schema,
            max_tokens=self.token_field if self.token_field and changed.max_tokens else changed.max_tokens,
            most_tokens=self.most_tokens,
            system=not self.folded,
        )

    def limited(self, most_tokens: int) -> Adjustments:
        """The same with no more than so many tokens a reply; 0 changes nothing."""
        if not most_tokens:
            return self
        both = [limit for limit in (self.most_tokens, most_tokens) if limit]
        return replace(self, most_tokens=min(both, default=0))

    def after(self, fault: Fault, traits: Traits) -> Adjustments | None:
        """What to ask for after a refusal; None if nothing is left to change.

        Args:
            traits: of the table, by which the request was written that was refused.
        """
        match fault.parameter:
            case "":
                return None
            case "system":
                return None if self.folded else replace(self, folded=True)
            case "max_tokens":
                return self._with_tokens(fault, traits)
            case "schema":
                return self._with_schema(fault, traits)
            case name:
                return None if name in self.dropped else replace(self, dropped=self.dropped | {name})

    def _with_tokens(self, fault: Fault, traits: Traits) -> Adjustments | None:
        if fault.limit:
            less = not self.most_tokens or fault.limit < self.most_tokens
            return self.limited(fault.limit) if less and fault.limit >= _LEAST_TOKENS else None
        now = self.applied(traits).max_tokens
        if fault.instead not in _TOKEN_FIELDS or fault.instead == now or fault.instead in self.refused:
            return None
        return replace(self, token_field=fault.instead, refused=self.refused | {now})

    def _with_schema(self, fault: Fault, traits: Traits) -> Adjustments | None:
        now = self.applied(traits).schema
        if not now:
            return None
        refused = self.refused | {now}
        if now in _FORMS and fault.instead in _FORMS and fault.instead not in refused:
            return replace(self, schema=fault.instead, refused=refused)
        return replace(self, dropped=self.dropped | {"schema"}, refused=refused)


def told(before: Adjustments, after: Adjustments, name: str) -> str:
    """What is different from here on, in words; `name` is the parameter's that was refused."""
    if after.folded and not before.folded:
        return "with the rules in the user's message"
    if after.most_tokens != before.most_tokens:
        return f"for at most {after.most_tokens:,} tokens"
    if after.token_field != before.token_field:
        return f"with {after.token_field}"
    if after.schema != before.schema:
        return f"with {after.schema}"
    return f"without {name}"
