"""What an error of a provider means: one table by status, one by the machine-readable words of its body.

Messages are shown to the person and never searched. No message holds the key, or a piece of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cassia_engine.callers import option
from cassia_engine.errors import CassiaError
from cassia_engine.providers.retry_after import retry_after
from cassia_engine.redaction import redacted
from cassia_engine.secret import Secret
from cassia_engine.text import one_line

# The word for a reply that a server ended since it repeated itself, which servers say in words only.
LOOPED = "token_repeat_limit"

if TYPE_CHECKING:
    from cassia_engine.providers.accounts import Account
    from cassia_engine.providers.dialects import ApiError

# With these left away or in another form a request still means the same, so that it may go out once more.
ADJUSTABLE = ("temperature", "reasoning", "schema", "bounds", "max_tokens", "system")


class FaultAction(StrEnum):
    """What to do about a fault."""

    BACK_OFF = "wait"  # too much at once: all calls pause
    RETRY = "retry"  # bad luck: the same call again
    ABORT_RUN = "stop"  # no call will ever work: the run ends
    FAIL_CALL = "fail"  # this call will never work, others may


class Fault(CassiaError):
    """An attempt without an answer.

    Attributes:
        what: one line for a person, without the key.
        action: what to do.
        status: of the answer, or of the error in a body of status 200; None if nothing came.
        retry_after: seconds to wait as the provider says; None if it says nothing.
        parameter: cassia's name of a parameter that the model does not take, one of `ADJUSTABLE`, else "".
        instead, limit, lasting: what to send in its place, as in `ApiError`.
        gone: the provider does not serve the model, or no longer.
        sent: whether the request may have come to the provider.
    """

    code = "provider-fault"

    def __init__(
        self,
        what: str,
        action: FaultAction,
        status: int | None = None,
        retry_after: float | None = None,
        parameter: str = "",
        instead: str = "",
        limit: int = 0,
        lasting: bool = True,
        gone: bool = False,
        sent: bool = True,
    ):
        super().__init__(what)
        self.what = what
        self.action = action
        self.status = status
        self.retry_after = retry_after
        self.parameter = parameter
        self.instead = instead
        self.limit = limit
        self.lasting = lasting
        self.gone = gone
        self.sent = sent

    @property
    def may_be_paid(self) -> bool:
        """Whether the provider may have answered all the same, and charge for it: no refusal has come."""
        return self.sent and self.status in (None, 200)


_BY_STATUS: Mapping[int, FaultAction] = MappingProxyType(
    {
        401: FaultAction.ABORT_RUN,
        402: FaultAction.ABORT_RUN,
        403: FaultAction.ABORT_RUN,
        407: FaultAction.ABORT_RUN,
        408: FaultAction.RETRY,
        409: FaultAction.RETRY,
        424: FaultAction.RETRY,
        425: FaultAction.RETRY,
        429: FaultAction.BACK_OFF,
        498: FaultAction.BACK_OFF,  # Groq's
    }
)

# Patterns for the code and the kind of a body's error; the first that fits decides, before the status does.
_BY_WORD: Mapping[str, FaultAction] = MappingProxyType(
    {
        "in_flight_budget_exhausted": FaultAction.BACK_OFF,
        "insufficient_quota": FaultAction.ABORT_RUN,
        "credit_balance_exhausted": FaultAction.ABORT_RUN,
        "billing_error": FaultAction.ABORT_RUN,
        "budget_exceeded": FaultAction.ABORT_RUN,  # litellm's
        "*spend_limit*": FaultAction.ABORT_RUN,
        "organization_usage_limit*": FaultAction.ABORT_RUN,
        "*perday*": FaultAction.ABORT_RUN,  # daily quotas of Gemini and Bedrock
        "servicequotaexceededexception": FaultAction.ABORT_RUN,  # Bedrock's
        LOOPED: FaultAction.FAIL_CALL,
    }
)

# A key that is refused with status 400 or 403: by litellm's proxy, which has no database for it, by AWS, and by others.
_KEY_WORDS = frozenset(
    {"no_db_connection", "invalid_api_key", "api_key_invalid", "authentication_error", "auth_error"}
    | {"token_not_found_in_db", "expired_key"}
    | {"unrecognizedclientexception", "invalidclienttokenid", "expiredtokenexception", "invalidsignatureexception"}
    | {"incompletesignatureexception", "missingauthenticationtokenexception"}
)

# What a word says where the status does not: in a body of status 200.
_STATUS_OF_WORD: Mapping[str, int] = MappingProxyType(
    {
        "authentication_error": 401,
        "invalid_api_key": 401,
        "unauthenticated": 401,
        "permission_error": 403,
        "permission_denied": 403,
        "invalid_request_error": 400,
        "invalid_argument": 400,
        "failed_precondition": 400,
        "context_length_exceeded": 400,
        "not_found_error": 404,
        "not_found": 404,
        "model_not_found": 404,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "rate_limit_exceeded": 429,
        "resource_exhausted": 429,
        "throttlingexception": 429,
        "modelnotreadyexception": 429,
        "validationexception": 400,
        "accessdeniedexception": 403,
        "resourcenotfoundexception": 404,
    }
)

_GONE = (404, 410)
_LOOPED_LINE = "{who} stopped the reply, as {model} only repeated itself{why}"
_PROXY_VARIABLE = "HTTPS_PROXY=http://name:password@host:port"
_SHORT_OF_CREDIT = (
    "{who} refuses: credit, quota or spending limit is used up{why}; add credit, raise the limit or wait until it is "
    "renewed{there}"
)
_STOP_LINES: Mapping[int, str] = MappingProxyType(
    {
        401: "{who} refuses the key in {variable}{why}; set {variable} to a valid key",
        403: "{who} does not let the key in {variable} use {model}{why}; check what the key and its account may do",
        407: "the proxy on the way to {who} asks for a name and a password{why}; {proxy}",
    }
)
_NO_KEY_LINE = "{who} wants a key, and none was sent{why}; set {variable} to one"
_FAIL_LINES: Mapping[int, str] = MappingProxyType(
    {
        404: "{who} knows no model {model}, or its base URL is wrong{why}",
        413: "{who} says that the request is too large for {model}{why}",
    }
)
_REASONS: Mapping[FaultAction, str] = MappingProxyType(
    {
        FaultAction.BACK_OFF: "{who} is at its rate limit{why}",
        FaultAction.RETRY: "{who} has a fault{why}",
        FaultAction.FAIL_CALL: "{who} refuses the request to {model}{why}",
        FaultAction.ABORT_RUN: _SHORT_OF_CREDIT,
    }
)


def classify(
    status: int,
    headers: Mapping[str, str],
    api_error: ApiError | None,
    body_head: str,
    account: Account,
) -> Fault:
    """What an answer that is none means.

    Args:
        status: of the HTTP answer.
        headers: of the answer, names in lower case.
        api_error: the error object in its body, if there is one.
        body_head: the beginning of the body, shown where there is no error object.
        account: whose line is written, and whose key is kept out of it.
    """
    status, given = _true_status(status, api_error), status
    if 300 <= status < 400:
        return Fault(_redirect_line(status, headers, account), FaultAction.FAIL_CALL, status)
    action = _action(status, api_error)
    told = f"status {given}" if status == given else f"status {given} with error {status}"
    message = clean(api_error.message if api_error and api_error.message else body_head, account.key)
    why = f" ({told}: {message})" if message else f" ({told})"
    looped = api_error is not None and LOOPED in _words(api_error)
    fault = Fault(_line(action, status, why, account, looped), action, status, retry_after(headers, api_error))
    if api_error and _is_refusal(status, api_error):
        fault.parameter, fault.instead = api_error.parameter, api_error.instead
        fault.limit, fault.lasting = api_error.limit, api_error.lasting
        fault.action = FaultAction.FAIL_CALL
    # A wrong address has no error of the API in its body.
    fault.gone = status in _GONE and api_error is not None and not fault.parameter
    return fault


def _is_refusal(status: int, api_error: ApiError) -> bool:
    """Whether a request is refused for one of its parameters.

    With 404 OpenRouter says that no host takes all of them, with 500 Ollama that a schema has no grammar.
    """
    if api_error.parameter not in ADJUSTABLE:
        return False
    shape = api_error.parameter == "schema" and (status == 404 or (status == 500 and "grammar" in api_error.message))
    return shape or status in (400, 422)


def clean(text: str, key: Secret | None, longest: int = 300) -> str:
    """A provider's text for a message: one line, cut at `longest` characters, without any piece of the key."""
    line = redacted(one_line(text), key)
    return line if len(line) <= longest else line[:longest].rstrip() + "..."


def _true_status(status: int, api_error: ApiError | None) -> int:
    """The status that the body's error has, where the answer pretends that all is well or hides what is wrong."""
    if api_error is None:
        return status
    if status in (400, 403) and any(word in _KEY_WORDS for word in _words(api_error)):
        return 401
    if status == 400 and "failed_precondition" in _words(api_error):
        return 403  # Google's: the account may not use the API from there, or has no billing
    if status != 200:
        return status
    if api_error.status is not None and 400 <= api_error.status < 600:
        return api_error.status
    return next((_STATUS_OF_WORD[word] for word in _words(api_error) if word in _STATUS_OF_WORD), status)


def _action(status: int, api_error: ApiError | None) -> FaultAction:
    for pattern, action in _BY_WORD.items():
        if api_error and any(fnmatchcase(word, pattern) for word in _words(api_error)):
            return action
    # An error in a body of status 200 that names no code is most often a passing fault of what stands behind.
    return _BY_STATUS.get(status, FaultAction.RETRY if status >= 500 or status == 200 else FaultAction.FAIL_CALL)


def _words(api_error: ApiError) -> tuple[str, str]:
    return api_error.code.lower(), api_error.kind.lower()


def _line(action: FaultAction, status: int, why: str, account: Account, looped: bool = False) -> str:
    lines = {FaultAction.ABORT_RUN: _STOP_LINES, FaultAction.FAIL_CALL: _FAIL_LINES}.get(action, {})
    line = lines.get(status, _REASONS[action])
    if status == 401 and account.key is None:
        line = _NO_KEY_LINE
    if looped:
        line = _LOOPED_LINE
    if status == 404 and (account.provider == "ollama" or "pulling" in why):
        line += "; to get it: ollama pull {model}"
    variable = account.key_variable or "the key's environment variable"
    there = f", for the account of the key in {variable}" if account.key else ""
    names = {"who": account.provider, "variable": variable, "model": account.model, "there": there}
    return line.format(**names, why=why, proxy=with_proxy_password())


def with_proxy_password() -> str:
    """How a proxy gets its password. An option would be written down with the run, so the environment has it."""
    return f"set {_PROXY_VARIABLE} in the environment and use {option('trust_env', True)}"


def _redirect_line(status: int, headers: Mapping[str, str], account: Account) -> str:
    try:
        host = urlsplit(headers.get("location", "")).hostname or "another place of the same host"
    except ValueError:
        host = "what is no URL"
    host = clean(host, account.key, 100)
    return (
        f"{account.provider} redirects to {host} (status {status}); redirects are not followed, for the key would go "
        "there too: check the base URL"
    )
