"""Who annotates, and how."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.records import OFFLINE
from cassia_engine.secret import Secret
from cassia_engine.settings.declaration import check, parameter, parameters
from cassia_engine.settings.durations import check_duration
from cassia_engine.settings.of_batch import check_batch
from cassia_engine.settings.of_command import OF_HTTP, check_options
from cassia_engine.settings.voters import check_models, check_voters, names_of

STRICT = "v0"
INVOLVEMENTS = ("v1", STRICT)
DEPTHS = ("broad", "standard", "fine")
REASONING = ("low", "medium", "high")


def _check_provider(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(
            f"{option(name, value)}: expected text; {OFFLINE} asks no language model", code="provider-not-text"
        )


def _check_optional_duration(name: str, value: object) -> None:
    if value is not None:
        check_duration(name, value)


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Who annotates, and how. `OF_MODELS` are refused where no language model is asked, `knowledge` where one is."""

    provider: str = parameter(
        OFFLINE,
        "Who annotates: offline (marker scoring, no language model is asked), a provider that `cassia providers` "
        "lists, or the URL of an API in OpenAI's form.",
        details="The key comes from the provider's usual environment variable; custom needs base_url, command needs "
        "command.",
        check=_check_provider,
    )
    model: str | None = parameter(
        None,
        "The provider's name of a model.",
        unset="the provider's default",
        details="cassia models lists current ones.",
        of_models=True,
    )
    base_url: str | None = parameter(None, "URL of the API, where it is not the provider's own.", of_models=True)
    command: str | None = parameter(
        None,
        "Command line of the program that answers, for the provider command. It reads the question from standard input "
        "and prints the reply.",
        details="Started without a shell, in the task's folder and environment. The journal keeps it: no password "
        "belongs there.",
        of_models=True,
    )
    api_key: Secret | None = None  # no parameter, as these are written down; None for the provider's variable
    tasks: int = 1  # that share max_workers, rpm and tpm; no parameter: the pipeline counts them
    validator_involvement: str = parameter(
        "v1",
        "v1: a second opinion where there is doubt; v0: for every cluster, with a strict review, in three calls or "
        "more.",
        choices=INVOLVEMENTS,
        of_models=True,
    )
    second_model: str | None = parameter(
        None,
        "The provider's name of the model that gives second opinions.",
        unset="the same model",
        of_models=True,
    )
    models: str | None = parameter(
        None,
        "Names of several models of the provider, with commas between: each annotates every cluster, and their votes "
        "give the label.",
        details="In place of model. Agreement and each vote are in the summary.",
        check=check_models,
        of_models=True,
    )
    votes: int = parameter(
        1,
        "Conversations that each model holds on a cluster; with more than one their votes give the label.",
        minimum=1,
        of_models=True,
    )
    escalate_to: str | None = parameter(
        None,
        "Name of a stronger model of the provider, which is asked about the clusters whose answer is not of High "
        "confidence.",
        details="Its answer stands then. The end of the run says what that saved.",
        of_models=True,
    )
    fallback_model: str | None = parameter(
        None,
        "Name of a model of the provider that is asked instead where the model refuses a cluster, or is no longer "
        "served.",
        details="The summary and the report say which clusters it answered.",
        of_models=True,
    )
    depth: str = parameter(
        "standard",
        "How fine the labels are: broad, standard (as cell atlases name their clusters) or fine.",
        details="A finer guess stands beside a standard label.",
        choices=DEPTHS,
    )
    hide_fractions: bool = parameter(
        False,
        "Do not show a language model which fraction of cells expresses each marker.",
        details="Those that the marker table has, or that are counted in an AnnData; else they are shown.",
        of_models=True,
    )
    max_rounds: int = parameter(
        3,
        "The most rounds in which the annotator is asked: once, and again each time its answer is sent back.",
        details="Second opinions do not count.",
        minimum=1,
        of_models=True,
    )
    reasoning: str | None = parameter(
        None,
        "How much a model reasons before it answers, if it can.",
        details="Without it, as the model does by itself.",
        choices=REASONING,
        of_models=True,
    )
    temperature: float | None = parameter(
        None, "Sent to models that take it.", unset="the model's own", minimum=0, of_models=True
    )
    # This one, journal_dir and air_gap change no answer, so that a shared configuration may set them for runs without
    # a model.
    max_workers: int | None = parameter(
        None,
        "Calls to the provider in flight at once.",
        unset="16; 1 for a server on this machine or a command",
        pipeline_help="Calls to the provider in flight at once, in the whole run; else 16, or one a task for a server "
        "on this machine or a command.",
        details="Tasks that run at once share them.",
        minimum=1,
    )
    rpm: float | None = parameter(
        None,
        "At most so many requests a minute to each model.",
        unset="as many as the provider allows",
        pipeline_help="At most so many requests a minute to each model, in the whole run; else as many as the provider "
        "allows.",
        details="Tasks that run at once share them.",
        minimum=0.01,
        of_models=True,
    )
    tpm: float | None = parameter(
        None,
        "At most so many tokens a minute to and from each model.",
        unset="as many as the provider allows",
        pipeline_help="At most so many tokens a minute to and from each model, in the whole run; else as many as the "
        "provider allows.",
        details="Until its answer is there a call counts with the most tokens that it may have. Tasks that run at "
        "once share them.",
        minimum=1,
        of_models=True,
    )
    max_wait: str | None = parameter(
        None,
        "How long to wait for a rate limit while no call is answered, such as 90s, 30m or 2h; then the run ends, and "
        "the same command goes on later.",
        unset="15m",
        check=_check_optional_duration,
        of_models=True,
    )
    max_cost: float | None = parameter(
        None,
        "US dollars that may be spent: a call is sent only if the most that it can cost is left.",
        unset="no limit",
        pipeline_help="US dollars that the whole run may spend, with all its resumptions; else no limit.",
        details="What was finished by then is written, and a higher one goes on from there. A model whose price is not "
        "known needs price_in and price_out.",
        minimum=0,
        of_models=True,
    )
    # No parameter: by it tasks of a pipeline share a budget, whose name and cap they have from its launch.
    budget: str | None = None
    price_in: float | None = parameter(
        None,
        "US dollars per million tokens of prompts, for all models that are asked.",
        unset="the shipped prices",
        details="With price_out; tokens from a cache cost the same. A provider's own figure of what a reply cost comes "
        "before both.",
        minimum=0,
        of_models=True,
    )
    price_out: float | None = parameter(
        None, "US dollars per million tokens of replies.", unset="the shipped prices", minimum=0, of_models=True
    )
    max_retries: int = parameter(
        0, "Further conversations for a cluster that ends without an annotation.", minimum=0, of_models=True
    )
    # None keeps no journal.
    journal_dir: Path | None = parameter(
        Path(".cassia/journal"),
        "Folder where every answer is recorded, so that none is asked, or paid, for twice.",
        details="From the launch folder, or an absolute path; every task must be able to write there. With a work "
        "directory in an object store each task keeps its own, which is gone with it.",
        folder=True,
    )
    retry_failed: bool = parameter(
        False, "Ask again about clusters whose recorded answers led to no annotation.", of_models=True
    )
    batch: bool = parameter(
        False,
        "Ask by the provider's batch API, at half the price; answers may take up to 24 hours.",
        details="OpenAI, Anthropic, Google, Mistral and Groq have one. A sample is one chunk then.",
        of_models=True,
    )
    batch_wait: str | None = parameter(
        None,
        "How long to wait for a batch, such as 30m or 2h; then cassia leaves, and the same command fetches its "
        "answers later.",
        unset="until it has ended",
        pipeline_help="How long a task waits for a batch, such as 30m or 2h; then it leaves, and the run with -resume "
        "fetches its answers later; else 3h.",
        check=_check_optional_duration,
        of_models=True,
    )
    timeout: float = parameter(
        300.0,
        "Seconds without any piece of an answer after which a call has failed.",
        details="A server of your own is asked for its replies in pieces, so that each piece counts.",
        minimum=1,
        of_models=True,
    )
    proxy: str | None = parameter(None, "URL of a proxy for all calls.", show=False, of_models=True)
    trust_env: bool = parameter(
        False,
        "Take the proxy from HTTPS_PROXY and NO_PROXY.",
        details="Those of the task's environment.",
        of_models=True,
    )
    allow_http: bool = parameter(False, "Allow http to other machines than this one.", of_models=True)
    air_gap: bool = parameter(
        False,
        "Let nothing leave this machine: only a server at localhost or 127.0.0.1 is asked, and no name is looked up.",
        details="A provider or proxy elsewhere is refused at once. Offline nothing is sent in any case.",
    )
    knowledge: Path | None = parameter(
        None,
        "Table of your own markers (species, tissue, cell_type, cl_id, gene, source, weight), "
        "added to the bundled one; for offline.",
        per_sample=True,
    )
    calibration: Path | None = parameter(
        None,
        "How sure answers are, fitted by cassia calibrate on clusters of your own with known labels.",
        unset="that of cassia",
    )

    def __post_init__(self) -> None:
        check(self)
        check_voters(self.voters, self.models, self.model, self.second_model, self.escalate_to, self.fallback_model)
        if self.provider == OFFLINE:
            check_offline(*(f.name for f in fields(self) if f.name in OF_MODELS and getattr(self, f.name) != f.default))
        elif self.knowledge is not None:
            raise UsageError(
                f"{argument('knowledge')} adds to what {option('provider', OFFLINE)} knows, and {shown(self.provider)} "
                "is asked; leave one of them out",
                code="knowledge-not-used",
            )
        capped = self.max_cost is not None or self.budget is not None
        check_batch(self.batch, self.batch_wait, capped, self.journal_dir)
        self._check_prices()
        check_options(self.provider, self.command, {name: getattr(self, name) for name in OF_HTTP})

    @property
    def voters(self) -> tuple[str | None, ...]:
        """The models that annotate every cluster; None for the provider's default."""
        return (self.model,) if self.models is None else names_of(self.models)

    def _check_prices(self) -> None:
        """Refuse half a price."""
        if (self.price_in is None) != (self.price_out is None):
            raise UsageError(
                f"{argument('price_in')} and {argument('price_out')}: give both, or neither", code="price-half-given"
            )


# Options that say how a language model is asked.
OF_MODELS = (*(declared.name for declared in parameters(AnnotateSettings).values() if declared.of_models), "api_key")


def check_offline(*given: str) -> None:
    """Refuse options of language models, by their names, where none is asked.

    Raises:
        UsageError: there are some.
    """
    if given:
        one = len(given) == 1
        raise UsageError(
            f"{', '.join(map(argument, given))} {'asks' if one else 'ask'} a language model, and the provider is "
            f"{OFFLINE}, which asks none; name one with {option('provider')}, or leave {'it' if one else 'them'} out",
            code="options-not-offline",
        )
