"""Everything that can go wrong with a call, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 424, 429, 498, 500, 502, 503, 504, 529)


class Kind(StrEnum):
    """What acting.py does."""

    ERROR = "error"  # an error body with its status
    BODY = "body"  # another body with its status
    ANSWER = "answer"  # an answer that ends otherwise or reads otherwise
    RESET = "reset"  # the connection is reset
    CLOSE = "close"  # or closed in order, without an answer
    CUT = "cut"  # a body shorter than declared
    CUT_CHUNKED = "cut_chunked"  # a chunked body without its end
    HANG = "hang"  # no answer ever
    DRIP = "drip"  # an answer in pieces
    HUGE = "huge"  # more than the cap, declared
    HUGE_CHUNKED = "huge_chunked"  # more than the cap, undeclared


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault.

    Attributes:
        code: the machine's word for an error.
        message: for a person; "{key}" is the key that the client sent, "{model}" the model asked for.
        headers: of the answer; a value "{date+N}" is an HTTP date N seconds ahead.
        body: what comes instead of an answer, "answer" for the answer itself; see acting.py.
        finish: how an answer ends.
        mangled: how the text of an answer is changed, see mangling.py.
        paid: whether it is an answer all the same, which one would have to pay for.
    """

    kind: Kind
    status: int = 200
    code: str = ""
    message: str = ""
    headers: Mapping[str, str] | None = None
    body: str = "answer"
    finish: str = "stop"
    mangled: str = ""
    paid: bool = False


def _error(status: int, code: str = "", message: str = "", **headers: str) -> Fault:
    return Fault(Kind.ERROR, status, code, message, {name.replace("_", "-"): text for name, text in headers.items()})


def _body(body: str, status: int = 200, paid: bool = False, **headers: str) -> Fault:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Fault(Kind.BODY, status, headers=named, body=body, paid=paid)


def _answer(mangled: str = "", finish: str = "stop") -> Fault:
    return Fault(Kind.ANSWER, finish=finish, mangled=mangled, paid=True)


_LIMIT = "Rate limit reached"
_ERRORS = {
    "429_ms": _error(429, "rate_limit_exceeded", _LIMIT, retry_after_ms="20", retry_after="60"),
    "429_seconds": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="1"),
    "429_zero": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="0"),
    "429_date": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="{date+1}"),
    "429_past": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="{date-60}"),
    "429_garbage": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="soon"),
    "429_negative": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="-5"),
    "429_nan": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="nan"),
    "429_day": _error(429, "rate_limit_exceeded", _LIMIT, retry_after="86400"),
    "503_ms": _error(503, "", "", retry_after_ms="20"),
    "ramp_limit": _error(429, "ramp_limit_exceeded", "Usage grows too fast.", retry_after="0"),
    "insufficient_quota": _error(429, "insufficient_quota", "You exceeded your current quota."),
    "credit_balance_exhausted": _error(429, "credit_balance_exhausted", "No API credits remain."),
    "spend_limit": _error(429, "enforced_spend_limit_reached", "The monthly spend limit is reached."),
    "project_spend_limit": _error(429, "project_spend_limit_exceeded", "The project's spend limit is reached."),
    "usage_limit": _error(429, "organization_usage_limit_exceeded", "The organization's usage limit is reached."),
    "in_flight_budget_exhausted": _error(402, "in_flight_budget_exhausted", "Too much in flight.", retry_after="0"),
    "context_length": _error(400, "context_length_exceeded", "This model's maximum context length is exceeded."),
    "model_not_found": _error(404, "model_not_found", "The model '{model}' does not exist."),
    "echo_key": _error(401, "invalid_api_key", "Incorrect API key provided: {key}."),
    "echo_key_400": _error(400, "", "Bad request by {key}"),
    "echo_key_500": _error(500, "", "ApiError with {key}"),
}
_BODIES = {
    "error_200": _body("error 502"),
    "error_200_limit": _body("error 429"),
    "error_200_key": _body("error 401"),
    "empty_choices": _body("empty choices"),
    "null_content": _body("null content"),
    "null": _body("null"),
    "list": _body("list"),
    "number": _body("number"),
    "empty": _body("nothing"),
    "not_json": _body("not json"),
    "half_json": _body("half json"),
    "nested": _body("nested"),
    "html": _body("html", content_type="text/html"),
    "html_502": _body("html", 502, content_type="text/html"),
    "html_403": _body("html", 403, content_type="text/html"),
    "encoding": _body("latin-1"),
    "utf16": _body("utf-16"),
    "bom": _body("bom", paid=True),
    "keepalive": _body("blank lines", paid=True),
    "no_usage": _body("no usage", paid=True),
    "strange_usage": _body("strange usage", paid=True),
    "redirect": _body("nothing", 307, location="http://127.0.0.1:9/v1/chat/completions"),
    "redirect_here": _body("nothing", 308, location="/v1/chat/completions"),
}
_TEXTS = (
    "fenced prose two_blocks string_for_list list_for_string numbers deep nan null_fields null_text verdict_words "
    "trailing_comma empty_text html_text control_characters hostile"
)
_ANSWERS = {
    "refusal": _answer(finish="refusal"),
    "content_filter": _answer(finish="content_filter"),
    "length": _answer("half", "length"),
    **{name: _answer(name) for name in _TEXTS.split()},
}
_SOCKETS = {kind.value: Fault(kind) for kind in Kind if kind not in (Kind.ERROR, Kind.BODY, Kind.ANSWER)}

FAULTS: Mapping[str, Fault] = {
    **{str(status): _error(status) for status in STATUSES},
    **_ERRORS,
    **_BODIES,
    **_ANSWERS,
    **_SOCKETS,
    Kind.DRIP: replace(_SOCKETS[Kind.DRIP], paid=True),
}


def find_fault(name: str) -> Fault:
    """The fault of the name.

    Raises:
        ValueError: there is none.
    """
    if name not in FAULTS:
        raise ValueError(f"no fault is called {name!r}; there are: {' '.join(FAULTS)}")
    return FAULTS[name]
