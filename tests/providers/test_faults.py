"""What an error of a provider means, and what is said of it."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.providers.dialects import DIALECTS, ApiError
from cassia_engine.providers.faults import Fault, FaultAction, classify, clean
from cassia_engine.providers.retry_after import LONGEST_WAIT, retry_after
from cassia_engine.secret import Secret
from tests.providers.servers import KEY, account_at

ACCOUNT = account_at("https://host/v1", provider="openrouter", key_variable="OPENROUTER_API_KEY", model="a/b")


def fault_of(status: int, api_error: ApiError | None = None, body: str = "", **headers: str) -> Fault:
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(status, lower, api_error, body, ACCOUNT)


@pytest.mark.parametrize(
    ("action", "statuses"),
    [
        (FaultAction.BACK_OFF, (429, 498)),
        (FaultAction.RETRY, (408, 409, 424, 425, 500, 501, 502, 503, 504, 520, 529)),
        (FaultAction.ABORT_RUN, (401, 402, 403, 407)),
        (FaultAction.FAIL_CALL, (204, 301, 307, 308, 400, 404, 405, 413, 418, 422, 451)),
    ],
)
def test_class_by_status(action: FaultAction, statuses: tuple[int, ...]) -> None:
    assert {status: fault_of(status).action for status in statuses} == dict.fromkeys(statuses, action)


@pytest.mark.parametrize(
    ("status", "word", "action"),
    [
        (429, "insufficient_quota", FaultAction.ABORT_RUN),
        (429, "credit_balance_exhausted", FaultAction.ABORT_RUN),
        (429, "workspace_spend_limit_reached", FaultAction.ABORT_RUN),
        (400, "monthly_spend_limit", FaultAction.ABORT_RUN),
        (429, "organization_usage_limit_exceeded", FaultAction.ABORT_RUN),
        (429, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", FaultAction.ABORT_RUN),
        (429, "GenerateRequestsPerMinutePerProjectPerModel", FaultAction.BACK_OFF),
        (402, "in_flight_budget_exhausted", FaultAction.BACK_OFF),
        (429, "rate_limit_error", FaultAction.BACK_OFF),
        (529, "overloaded_error", FaultAction.RETRY),
        (200, "rate_limit_error", FaultAction.BACK_OFF),
        (200, "authentication_error", FaultAction.ABORT_RUN),
        (200, "invalid_request_error", FaultAction.FAIL_CALL),
        (200, "never_heard_of", FaultAction.RETRY),
    ],
)
def test_class_by_the_words_of_a_body(status: int, word: str, action: FaultAction) -> None:
    assert fault_of(status, ApiError(code=word)).action is action
    assert fault_of(status, ApiError(kind=word.upper())).action is action


def test_error_in_a_body_of_status_200_counts_by_its_code() -> None:
    codes = {
        502: FaultAction.RETRY,
        429: FaultAction.BACK_OFF,
        401: FaultAction.ABORT_RUN,
        400: FaultAction.FAIL_CALL,
        7: FaultAction.RETRY,
        200: FaultAction.RETRY,
    }
    assert {code: fault_of(200, ApiError(status=code)).action for code in codes} == codes


def test_messages_are_never_searched() -> None:
    text = "401 insufficient_quota 429 rate limit"
    assert fault_of(500, ApiError(message=text)).action is FaultAction.RETRY
    assert fault_of(400, None, text).action is FaultAction.FAIL_CALL


def test_lines_name_provider_variable_and_remedy() -> None:
    assert str(fault_of(401, ApiError(message="bad key"))) == (
        "openrouter refuses the key in OPENROUTER_API_KEY (status 401: bad key); set OPENROUTER_API_KEY to a valid key"
    )
    for fault in (fault_of(402), fault_of(429, ApiError(code="insufficient_quota")), fault_of(403)):
        assert "openrouter" in fault.what
        assert "OPENROUTER_API_KEY" in fault.what
    assert "add credit" in fault_of(402).what
    no_key = classify(401, {}, None, "", account_at("https://host/v1", key=None, key_variable="CUSTOM_API_KEY"))
    assert "none was sent" in no_key.what
    assert "set CUSTOM_API_KEY" in no_key.what


def test_lines_name_the_model_and_carry_the_message() -> None:
    assert str(fault_of(404, ApiError(message="no such model"))) == (
        "openrouter knows no model a/b, or its base URL is wrong (status 404: no such model)"
    )
    assert "a/b" in fault_of(400).what
    assert "{0} %s too long" in fault_of(400, ApiError(message="{0} %s too long")).what


def test_page_instead_of_an_error_is_shown_in_one_short_line() -> None:
    line = fault_of(502, None, "<html>\r\n\x1b[31m  Bad\tGateway\u202e" + "x" * 5000).what
    assert "<html> [31m Bad Gatewayxxx" in line
    assert line.isprintable()
    assert len(line) < 400


@pytest.mark.parametrize("parameter", ["temperature", "reasoning", "schema"])
def test_parameter_that_a_model_does_not_take(parameter: str) -> None:
    for status in (400, 422):
        fault = fault_of(status, ApiError(parameter=parameter))
        assert (fault.action, fault.parameter) == (FaultAction.FAIL_CALL, parameter)
    assert fault_of(500, ApiError(parameter=parameter)).parameter == ""


def test_parameter_that_cannot_be_left_away() -> None:
    assert fault_of(400, ApiError(parameter="model")).parameter == ""


def test_a_model_that_ollama_has_not_ends_with_the_command_that_gets_it() -> None:
    api_error = ApiError(message="model 'a/b' not found, try pulling it first")
    assert fault_of(404, api_error).what.endswith("ollama pull a/b")


def test_a_key_that_a_gateway_refuses_with_400_ends_the_run() -> None:
    fault = fault_of(400, ApiError(kind="no_db_connection", message="No connected db."))
    assert (fault.action, fault.status) == (FaultAction.ABORT_RUN, 401)
    assert "refuses the key" in fault.what


def test_a_reply_that_looped_is_not_asked_for_again() -> None:
    api_error = DIALECTS["ollama-chat"].api_error({"error": "prediction aborted, token repeat limit reached"})
    fault = fault_of(500, api_error)
    assert fault.action is FaultAction.FAIL_CALL
    assert "only repeated itself" in fault.what


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://evil.example/v1?key=hunter2", "evil.example"),
        ("/elsewhere", "another place of the same host"),
        ("https://[", "what is no URL"),
        ("", "another place of the same host"),
    ],
)
def test_redirect_names_the_host_only(location: str, shown: str) -> None:
    fault = fault_of(307, None, "", location=location)
    assert f"redirects to {shown} (status 307); redirects are not followed" in fault.what
    assert "hunter2" not in fault.what


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "86400"}, LONGEST_WAIT),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "5s"}, 5.0),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "500ms"}, 0.5),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "in a while"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": "Wed, 21 Oct 2015 07:27:30 GMT"}, 30.0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_WAIT),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date_to_come_and_from_the_body() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert found is not None
    assert 50 < found <= 60
    assert retry_after({}, ApiError(retry_after=14.0)) == 14.0
    assert retry_after({"retry-after": "2"}, ApiError(retry_after=14.0)) == 2.0
    assert fault_of(429, ApiError(retry_after=1e9)).retry_after == LONGEST_WAIT


@given(st.text(), st.text(), st.text())
def test_wild_headers_give_seconds_or_none(ms: str, seconds: str, date: str) -> None:
    found = retry_after({"retry-after-ms": ms, "retry-after": seconds, "date": date})
    assert found is None or 0 <= found <= LONGEST_WAIT


@given(st.text(max_size=40), st.integers(0, len(KEY) - 8), st.integers(8, len(KEY)), st.text(max_size=40))
def test_no_piece_of_a_key_is_shown(before: str, start: int, size: int, after: str) -> None:
    piece = KEY[start : start + size]
    assert piece not in clean(f"{before}{piece}{after}", Secret(KEY))
    assert piece not in fault_of(401, ApiError(message=before + piece + after, code=piece)).what


@pytest.mark.parametrize("sign", ["%", "%u", "\\x", "\\u", "&#", "&#x"])
def test_a_piece_that_looks_like_an_escape_is_not_shown(sign: str) -> None:
    """A key of hexadecimal digits may stand behind what begins an escape."""
    key = "0123456789abcdef0123"
    for start in range(8):
        assert key[start : start + 10] not in clean(f"{sign}{key[start : start + 10]};", Secret(key))


def test_key_is_replaced_and_the_rest_stays() -> None:
    assert clean(f"Incorrect API key provided: {KEY}.", Secret(KEY)) == "Incorrect API key provided: ***."
    assert clean("nothing to hide", None) == "nothing to hide"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}], 401),
        ({"error": {"code": 400, "message": "API key expired. Please renew the API key."}}, 401),
        ({"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***1."}, 401),
        (
            {"error": {"message": "Authentication Error, No api key passed in.", "type": "auth_error", "code": "400"}},
            401,
        ),
        ({"error": {"message": "Unable to find token", "type": "token_not_found_in_db", "code": "400"}}, 401),
        ({"error": {"type": "invalid_request_error", "message": "Your credit balance is too low."}}, 400),
        ({"error": {"message": "Budget has been exceeded!", "type": "budget_exceeded", "code": "400"}}, 400),
    ],
)
def test_account_trouble_with_status_400_ends_the_run(body: object, status: int) -> None:
    """As Gemini, xAI, litellm and Anthropic write it: else it would be told cluster by cluster."""
    fault = fault_of(400, DIALECTS["openai-chat"].api_error(body))
    assert (fault.action, fault.status) == (FaultAction.ABORT_RUN, status)
    assert "OPENROUTER_API_KEY" in fault.what
