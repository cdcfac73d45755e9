"""Who is asked in a run: accounts of one provider that differ in their models alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.allowance import NO_LIMITS, Limits
from cassia_engine.providers.chat import ChatModel, Exchange
from cassia_engine.providers.client import Client
from cassia_engine.providers.prices import given_price
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings, escalates_to_itself, falls_back_on_itself
from cassia_engine.settings.durations import seconds_of

STAGGER = 0.1  # seconds for each other task that starts at the same time


@dataclass(frozen=True, slots=True)
class Models:
    """Who is asked: the models that annotate every cluster, that of second opinions (None for the same), the stronger
    one for answers in doubt, and the one in whose place others are that refuse or are not served (None for none).

    Attributes:
        is_empty: whether it is known to have no answer at all, as an empty journal.
    """

    voters: tuple[ChatModel, ...]
    second: ChatModel | None = None
    strong: ChatModel | None = None
    fallback: ChatModel | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of `Models`."""

    voters: tuple[Account, ...]
    second: Account | None = None
    strong: Account | None = None
    fallback: Account | None = None

    @classmethod
    def opened(cls, settings: AnnotateSettings, key: Secret | None, environ: Mapping[str, str] = os.environ) -> Self:
        """Those that the settings name.

        Args:
            environ: has the keys; for another one than the process's own, no key is looked up elsewhere.

        Raises:
            UsageError: the provider, its URL or a model cannot be used, or two names are of one model.
            AccountError: the key is missing.
        """

        price = given_price(settings.price_in, settings.price_out)

        def account(model: str | None) -> Account:
            return open_account(
                settings.provider,
                model,
                settings.base_url,
                key,
                settings.allow_http,
                command=settings.command,
                environ=environ,
                air_gap=settings.air_gap,
                price=price,
            )

        voters = tuple(map(account, settings.voters))
        second = None if settings.second_model is None else account(settings.second_model)
        strong = None if settings.escalate_to is None else account(settings.escalate_to)
        _check_apart([one.model for one in voters], settings)
        if strong and strong.model in [one.model for one in voters]:
            raise escalates_to_itself(strong.model)
        fallback = None if settings.fallback_model is None else account(settings.fallback_model)
        if fallback and fallback.model in [one.model for one in (*voters, strong) if one]:
            raise falls_back_on_itself(fallback.model)
        return cls(voters, None if second and second.model == voters[0].model else second, strong, fallback)

    @property
    def first(self) -> Account:
        """One of them, for what they have in common."""
        return self.voters[0]

    @property
    def by_model(self) -> Mapping[str, Account]:
        """Each of them once."""
        found = (*self.voters, self.second, self.strong, self.fallback)
        return {one.model: one for one in found if one}

    @property
    def models(self) -> str:
        """The names of those that annotate every cluster."""
        return ", ".join(one.model for one in self.voters)

    def clients(
        self,
        exchanges: Mapping[str, Exchange],
        max_workers: int,
        halted: Callable[[], str] = lambda: "",
        limits: Limits = NO_LIMITS,
        paced: bool = True,
        gone: Mapping[tuple[str, str], str] | None = None,
    ) -> dict[str, Client]:
        """Clients for them all by model, as are the exchanges. They share the places for calls in flight, and each has
        the limits. `paced` and `gone` are those of `Client`."""
        found: dict[str, Client] = {}
        limiter = None
        for model, account in self.by_model.items():
            client = Client(
                account,
                exchanges[model],
                max_workers=max_workers,
                halted=halted,
                limiter=limiter,
                limits=limits,
                paced=paced,
                gone=gone,
            )
            found[model], limiter = client, client.limiter
        return found

    def models_of(self, clients: Mapping[str, ChatModel], is_empty: bool = False) -> Models:
        """Their clients by what they are asked for."""
        return Models(
            voters=tuple(clients[one.model] for one in self.voters),
            second=clients[self.second.model] if self.second else None,
            strong=clients[self.strong.model] if self.strong else None,
            fallback=clients[self.fallback.model] if self.fallback else None,
            is_empty=is_empty,
        )


def limits_of(settings: AnnotateSettings) -> Limits:
    """This task's part of what the settings allow."""
    tasks = settings.tasks
    return Limits(
        rpm=settings.rpm and settings.rpm / tasks,
        tpm=settings.tpm and settings.tpm / tasks,
        max_wait=seconds_of(settings.max_wait) if settings.max_wait else None,
        stagger=STAGGER * (tasks - 1),
    )


def without_limits(settings: AnnotateSettings) -> AnnotateSettings:
    """The settings of work that sends nothing, which waits for no limit of a minute."""
    return replace(settings, rpm=None, tpm=None)


def for_replay(settings: AnnotateSettings) -> AnnotateSettings:
    """The settings of work that only reads the journal: nobody is asked again, and recorded answers stand."""
    return replace(without_limits(settings), retry_failed=False)


def _check_apart(models: list[str], settings: AnnotateSettings) -> None:
    """Refuse two names of one model, such as an alias and what it stands for."""
    if same := next((one for one in models if models.count(one) > 1), None):
        names = [name for name, one in zip(settings.voters, models, strict=True) if one == same]
        raise UsageError(
            f"{option('models', settings.models)}: {' and '.join(map(str, names))} are one model; name it once",
            code="models-same",
        )
