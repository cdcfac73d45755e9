"""The errors of the CyteType protocol, by the names that they have in the CyteType client.

    CyteTypeError                    1
      |-- APIError                   1   the server says so, by a code of the protocol
      |     |-- AuthenticationError 77
      |     |-- AuthorizationError  77
      |     |-- QuotaExceededError  77
      |     |-- RateLimitError      75
      |     |-- InternalServerError 75
      |     |-- ClientDisconnectedError 75
      |     |-- JobProcessingError  75
      |     |-- JobNotCompletedError 75
      |     |-- JobNotFoundError     1
      |     |-- JobFailedError       1
      |     `-- LLMValidationError   2
      |-- NetworkError              75   no answer of the server, or none of the protocol
      `-- TimeoutError              75   no answer, or no result, in time

All are errors of cassia too, with its exit codes; `code` is the protocol's as cassia writes codes, such as
"cytetype-invalid-token".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cassia_engine.callers import argument, offers
from cassia_engine.errors import AccountError, CassiaError, TemporaryError

HTTP_ERROR = "HTTP_ERROR"
INVALID_RESPONSE = "INVALID_RESPONSE"
NO_JSON = "cytetype-no-json"


class CyteTypeError(CassiaError):
    """What went wrong between cassia and a CyteType server.

    Attributes:
        message: one line for a person, without token or key.
        error_code: the protocol's word for it, None if there is none.
        status: of the HTTP answer, None if there was none.
        retry_after: seconds that the server asks to wait, None if it does not say.
        transient: whether the same request may work a little later.
        unsent: the server cannot have got the request.
    """

    def __init__(
        self,
        message: str,
        error_code: str | None = None,
        *,
        code: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        transient: bool = False,
        unsent: bool = False,
    ):
        super().__init__(message, code=code)
        self.message, self.error_code, self.status = message, error_code, status
        self.retry_after, self.transient, self.unsent = retry_after, transient, unsent


class APIError(CyteTypeError):
    """The server refuses, or its answer is none of the protocol."""


class AuthenticationError(APIError, AccountError):
    """The token is missing, unknown or not active."""


class AuthorizationError(APIError, AccountError):
    """The token's account may not do this."""


class QuotaExceededError(APIError, AccountError):
    """The account's quota is used up."""


class RateLimitError(APIError, TemporaryError):
    """Too many requests or jobs in a short time."""


class InternalServerError(APIError, TemporaryError):
    """The server has a fault."""


class ClientDisconnectedError(APIError, TemporaryError):
    """The server took the client to have gone."""


class JobProcessingError(APIError, TemporaryError):
    """The job is being worked on."""


class JobNotCompletedError(APIError, TemporaryError):
    """The job has no results yet."""


class JobNotFoundError(APIError):
    """The server knows no such job, or not yet."""


class JobFailedError(APIError):
    """The job has ended without results."""


class LLMValidationError(APIError):
    """A model of llm_configs does not work on the server."""

    exit_code = 2


class NetworkError(CyteTypeError, TemporaryError):
    """No answer came, or none of the protocol."""


class TimeoutError(CyteTypeError, TemporaryError):
    """An answer or a result did not come in time."""


_KINDS: Mapping[str, type[APIError]] = MappingProxyType(
    {
        "INVALID_TOKEN": AuthenticationError,
        "TOKEN_INACTIVE": AuthenticationError,
        "AUTHENTICATION_REQUIRED": AuthenticationError,
        "ACCESS_DENIED": AuthorizationError,
        "LICENSE_EXPIRED": AuthorizationError,
        "VPN_BLOCKED": AuthorizationError,
        "QUOTA_EXCEEDED": QuotaExceededError,
        "RATE_LIMIT_EXCEEDED": RateLimitError,
        "INTERNAL_ERROR": InternalServerError,
        "CLIENT_DISCONNECTED": ClientDisconnectedError,
        "JOB_PROCESSING": JobProcessingError,
        "JOB_NOT_COMPLETED": JobNotCompletedError,
        "JOB_NOT_FOUND": JobNotFoundError,
        "JOB_FAILED": JobFailedError,
        "LLM_VALIDATION_FAILED": LLMValidationError,
    }
)
_REMEDIES: Mapping[type[APIError], str] = MappingProxyType(
    {
        AuthorizationError: "; check what the token's account may do",
        QuotaExceededError: "; wait until it is renewed, or raise it",
        RateLimitError: "; try again later",
    }
)
# A job's being there, and a server's health, may be otherwise at the next look.
_PASSING = (RateLimitError, InternalServerError, ClientDisconnectedError, JobProcessingError, JobNotCompletedError)


def _remedy(kind: type[APIError]) -> str:
    """What to do about an error, by options that the caller has."""
    if kind is AuthenticationError:
        given = f"{argument('auth_token')}, or " if offers("auth_token") else ""
        return f"; give a token of this server ({given}the variable CYTETYPE_AUTH_TOKEN)"
    if kind is LLMValidationError and offers("llm_configs"):
        return f"; correct {argument('llm_configs')}"
    return _REMEDIES.get(kind, "")


def is_passing_status(status: int) -> bool:
    """Whether the same request may be answered in another way a little later, by the status alone."""
    return status in (408, 425, 429, 499) or status >= 500


def refusal(error_code: str, said: str, status: int, retry_after: float | None = None) -> APIError:
    """The error for a structured answer.

    Args:
        said: the server's message, on one line and without token and keys.
    """
    kind = _KINDS.get(error_code, APIError)
    words = f": {said.rstrip('.')}" if said else ""
    return kind(
        f"the CyteType server refuses ({error_code}){words}{_remedy(kind)}",
        error_code,
        code=f"cytetype-{error_code.lower().replace('_', '-')}",
        status=status,
        retry_after=retry_after,
        transient=issubclass(kind, _PASSING) or (kind is APIError and is_passing_status(status)),
    )


def plain_refusal(said: str, status: int, retry_after: float | None = None) -> CyteTypeError:
    """The error for an answer of no success that has no error code: of a proxy, a gateway, or a server that is unwell.

    Args:
        said: the beginning of the answer, on one line and without token and keys.
    """
    words = f": {said}" if said else ""
    if status == 401:
        text = f"the CyteType server does not take the token (status 401){words}{_remedy(AuthenticationError)}"
        return AuthenticationError(text, HTTP_ERROR, code="cytetype-status-401", status=status)
    if 300 <= status < 400:
        return NetworkError(
            f"the CyteType server redirects (status {status}); redirects are not followed, for the token would go "
            "there too: check the URL of the server",
            HTTP_ERROR,
            code="cytetype-redirect",
            status=status,
        )
    return NetworkError(
        f"the CyteType server answers with status {status}{words}",
        HTTP_ERROR,
        code="cytetype-status",
        status=status,
        retry_after=retry_after,
        transient=is_passing_status(status),
    )


def invalid_response(what: str) -> APIError:
    """The error for an answer of success that is not what the protocol says, and would not be at another attempt."""
    text = f"the answer of the CyteType server is none of the protocol: {what}; check the URL, and tell who runs it"
    return APIError(text, INVALID_RESPONSE, code="cytetype-invalid-response")
