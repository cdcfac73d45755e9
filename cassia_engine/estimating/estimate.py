"""The calls of a run by role, with their tokens and dollars, from the questions that it would send."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from cassia_engine import prompts
from cassia_engine.callers import option
from cassia_engine.conversation.cluster_conversation import MAX_TOKENS
from cassia_engine.errors import UsageError, gather
from cassia_engine.estimating.recorded import unanswered
from cassia_engine.llm.accounts import Accounts
from cassia_engine.llm.conversations import briefing_of
from cassia_engine.llm.genes import GeneReader
from cassia_engine.markers import Table, read_markers
from cassia_engine.providers.batches.table import api_of
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN, Chat
from cassia_engine.providers.prices import BATCH_SHARE, Price
from cassia_engine.records import ANNOTATOR, OFFLINE, SECOND, Chunk, Cluster, Dataset
from cassia_engine.secret import Secret
from cassia_engine.settings import STRICT, AnnotateSettings, SplitSettings
from cassia_engine.stages.run import gene_table_reader, one_chunk

ADJUDICATOR, VALIDATOR, CONTROLS, STRONG = "adjudicator", "validator", "controls", "stronger model"
# Of the clusters of recorded conversations (docs/trust.md): those with a second opinion, with an adjudicator, and with
# an answer that is not of High confidence, which a stronger model would be asked about.
DOUBTS, DIFFERENCES, NOT_HIGH = 0.19, 0.02, 0.62
# Mean tokens of 261, 49, 6 and 74 recorded replies, by their characters. What a model thinks before is not in it.
REPLY = {ANNOTATOR: 330, SECOND: 370, ADJUDICATOR: 90, VALIDATOR: 160}


@dataclass(frozen=True, slots=True)
class Share:
    """The calls of a role.

    Attributes:
        calls: how many are expected.
        input_tokens, output_tokens: of them all.
        cost_usd: None where the model has no known price.
    """

    role: str
    model: str
    calls: float
    input_tokens: float
    output_tokens: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run of a sample would ask.

    Attributes:
        sample: its name.
        n_clusters: those with markers that are still to be asked about; nobody is asked about others.
        n_recorded: those that the journal has answered.
        shares: by role, those that no call is expected for left out.
        prices: where they are from; "" where there are none.
        strict: every cluster has a second opinion and a validator.
        max_cost: what the run may spend; None for any.
        reserve_usd: the most that one call can cost, which must be left of `max_cost` when it is sent; 0 without one.
    """

    sample: str
    provider: str
    n_clusters: int
    n_recorded: int
    shares: tuple[Share, ...]
    prices: str
    strict: bool
    max_cost: float | None = None
    reserve_usd: float = 0.0

    @property
    def calls(self) -> float:
        return sum(share.calls for share in self.shares)

    @property
    def input_tokens(self) -> float:
        return sum(share.input_tokens for share in self.shares)

    @property
    def output_tokens(self) -> float:
        return sum(share.output_tokens for share in self.shares)

    @property
    def cost_usd(self) -> float | None:
        """None where the price of a model is not known."""
        costs = [share.cost_usd for share in self.shares]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def estimate(
    markers: Table | Sequence[Path | str],
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    fresh: bool = False,
) -> Estimate:
    """What `run_table` would ask about this table. Nothing is sent, and no key is needed.

    Args:
        fresh: as if nothing were recorded.

    Raises:
        UsageError: the table or the model cannot be used, or no language model is asked.
    """
    table, accounts = gather(
        lambda: read_markers(markers, split, dataset.species),
        lambda: open_accounts(annotate),
    )
    chunk = one_chunk(markers, table, dataset, split, annotate)
    return of_chunk(chunk, annotate, accounts, gene_table_reader(markers, split, dataset), fresh)


def open_accounts(annotate: AnnotateSettings) -> Accounts:
    """Who would be asked.

    Raises:
        UsageError: the model cannot be used, or no language model is asked.
    """
    if annotate.provider == OFFLINE:
        what = f"{option('provider', OFFLINE)} asks no language model, so that nothing is paid for"
        raise UsageError(f"{what}; name a provider", code="estimate-offline")
    accounts = Accounts.opened(annotate, annotate.api_key or Secret("estimate"))
    if annotate.batch:
        api_of(accounts.first)
    return accounts


def of_chunk(
    chunk: Chunk,
    annotate: AnnotateSettings,
    accounts: Accounts,
    genes: GeneReader | None = None,
    fresh: bool = False,
) -> Estimate:
    """The same of a chunk that has all clusters of its sample.

    Args:
        genes: reads what the table says of any gene, for second annotators; None where there is nothing to read.
    """
    left = chunk if fresh else unanswered(chunk, annotate, genes)
    questions = _Questions(left, annotate)
    shares = tuple(_shares(questions, left, annotate, accounts))
    provider, strict = accounts.first.provider, annotate.validator_involvement == STRICT
    prices = {model: account.price for model, account in accounts.by_model.items()}
    part = BATCH_SHARE if annotate.batch else 1.0
    priced = tuple(_priced(share, prices[share.model], part) for share in shares if share.calls)
    n_left, n_all = (sum(bool(cluster.markers) for cluster in one.clusters) for one in (left, chunk))
    source = _source(priced, prices, annotate.batch)
    name = chunk.dataset.name
    reserve = 0.0 if annotate.max_cost is None else questions.most_usd([prices[share.model] for share in priced])
    return Estimate(name, provider, n_left, n_all - n_left, priced, source, strict, annotate.max_cost, reserve)


class _Questions:
    """The mean tokens of the questions of each role about the clusters of a chunk."""

    def __init__(self, chunk: Chunk, settings: AnnotateSettings):
        self._clusters = [cluster for cluster in chunk.clusters if cluster.markers]
        self._briefing = briefing_of(chunk, settings, chunk.lookup_genes)
        self._most = MAX_TOKENS[settings.reasoning]

    def annotator(self, clusters: Sequence[Cluster] | None = None) -> float:
        return mean([tokens(chat) for chat in self._first(clusters or self._clusters)] or [0.0])

    def second(self) -> float:
        return mean([tokens(chat) for chat in self._second()] or [0.0])

    def most_usd(self, prices: Sequence[Price | None]) -> float:
        """What is reserved for the dearest of these calls, about: a token for each character, and a whole reply."""
        chats = itertools.chain(self._first(self._clusters), self._second())
        longest = max((tokens(chat) for chat in chats), default=0.0) * CHARACTERS_A_TOKEN
        known = [price for price in prices if price]
        most = [longest * max(one.input, one.cache_write) + self._most * one.output for one in known]
        return max(most, default=0.0) / 1_000_000

    def _first(self, clusters: Sequence[Cluster]) -> Iterator[Chat]:
        return (prompts.annotator(self._briefing, one, max_tokens=self._most) for one in clusters)

    def _second(self) -> Iterator[Chat]:
        return (prompts.second_annotator(self._briefing, one, max_tokens=self._most) for one in self._clusters)


def tokens(chat: Chat) -> float:
    """Those of a request, estimated from its characters."""
    texts = (chat.system, *(message.text for message in chat.messages), json.dumps(chat.schema or {}))
    return sum(map(len, texts)) / CHARACTERS_A_TOKEN


def _shares(questions: _Questions, chunk: Chunk, settings: AnnotateSettings, accounts: Accounts) -> Iterator[Share]:
    n = sum(bool(cluster.markers) for cluster in chunk.clusters)
    for voter in accounts.voters:
        second = accounts.second.model if accounts.second else voter.model
        yield from _conversations(questions, n * settings.votes, settings, voter.model, second)
    controls = [control.cluster for control in chunk.controls]
    if controls:
        asked = questions.annotator(controls)
        yield _share(CONTROLS, accounts.first.model, len(controls), asked, REPLY[ANNOTATOR])
    if accounts.strong:
        for share in _conversations(questions, n * NOT_HIGH, settings, accounts.strong.model, accounts.strong.model):
            yield replace(share, role=f"{STRONG}, {share.role}")


def _conversations(
    questions: _Questions, n: float, settings: AnnotateSettings, model: str, second: str
) -> Iterator[Share]:
    """The calls of so many conversations, no answer sent back."""
    strict = settings.validator_involvement == STRICT
    first, other = questions.annotator(), questions.second()
    yield _share(ANNOTATOR, model, n, first, REPLY[ANNOTATOR])
    yield _share(SECOND, second, n * (1 if strict else DOUBTS), other, REPLY[SECOND])
    yield _share(ADJUDICATOR, second, n * (DIFFERENCES / DOUBTS if strict else DIFFERENCES), first, REPLY[ADJUDICATOR])
    yield _share(VALIDATOR, model, n * strict, first, REPLY[VALIDATOR])


def _share(role: str, model: str, calls: float, asked: float, reply: float) -> Share:
    return Share(role, model, calls, calls * asked, calls * reply, None)


def _priced(share: Share, price: Price | None, part: float) -> Share:
    if price is None:
        return share
    dollars = share.input_tokens * price.input + share.output_tokens * price.output
    return replace(share, cost_usd=part * dollars / 1_000_000)


def _source(shares: Sequence[Share], prices: Mapping[str, Price | None], batch: bool) -> str:
    """Where the prices are from, those of several days too."""
    half = "half of the " if batch else ""
    return ", ".join(sorted({f"{half}{price.said}" for share in shares if (price := prices[share.model])}))
