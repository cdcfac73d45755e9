"""The models that annotate every cluster, and those that are asked besides them."""

from __future__ import annotations

from collections.abc import Sequence

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError


def names_of(models: str) -> tuple[str, ...]:
    """The names in a list with commas between."""
    return tuple(name.strip() for name in models.split(","))


def check_models(name: str, value: object) -> None:
    """Refuse what is no list of names of models, each of them once.

    Raises:
        UsageError: it is none.
    """
    if value is None:
        return
    names = names_of(value) if isinstance(value, str) else ()
    if not all(names) or not names:
        raise UsageError(
            f"{option(name, value)}: expected names of models with commas between, none of them empty",
            code="models-not-names",
        )
    if repeated := next((one for one in names if names.count(one) > 1), None):
        raise UsageError(
            f"{option(name, value)}: {repeated} is named more than once; {option('votes', 2)} asks each model twice",
            code="models-repeated",
        )


def check_voters(
    voters: Sequence[str | None],
    models: str | None,
    model: str | None,
    second_model: str | None,
    escalate_to: str | None,
    fallback_model: str | None,
) -> None:
    """Refuse what would have no say beside the models that vote.

    Raises:
        UsageError: there is such a model.
    """
    given = [name for name, value in (("model", model), ("second_model", second_model)) if value is not None]
    if models is not None and given:
        raise UsageError(
            f"{argument('models')} names the models that are asked, and {argument(given[0])} another one; leave "
            "one of them out",
            code="models-and-another",
        )
    if escalate_to is not None and escalate_to in voters:
        raise escalates_to_itself(escalate_to)
    if fallback_model is not None and fallback_model in (*voters, escalate_to):
        raise falls_back_on_itself(fallback_model)


def escalates_to_itself(model: str) -> UsageError:
    """That the stronger model is one that annotates every cluster in any case."""
    return UsageError(
        f"{option('escalate_to', model)}: this model is asked about every cluster already; name a stronger one",
        code="escalates-to-itself",
    )


def falls_back_on_itself(model: str) -> UsageError:
    """That the model in whose place others are is one of these."""
    return UsageError(
        f"{option('fallback_model', model)}: this model is asked already; name another one",
        code="falls-back-on-itself",
    )
