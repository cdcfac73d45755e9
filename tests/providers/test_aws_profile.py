"""Keys of AWS by profile, role and single sign-on, as botocore finds them; who lends them is a server of the test."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.keys import key_is_set
from cassia_engine.providers.table import load
from cassia_engine.redaction import redacted
from cassia_engine.secret import AwsKeys
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

CONFIG = """\
[profile lab]
region = eu-north-1
aws_access_key_id = AKIALAB
aws_secret_access_key = canaryLabSecret
[profile role]
role_arn = arn:aws:iam::123456789012:role/cassia
source_profile = lab
region = eu-west-3
[profile sso]
sso_session = institute
sso_account_id = 123456789012
sso_role_name = Cassia
region = eu-west-1
[sso-session institute]
sso_start_url = https://institute.example/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access
"""
ROLE = """\
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE{number}</AccessKeyId><SecretAccessKey>canaryRoleSecret{number}</SecretAccessKey>
<SessionToken>canaryRoleToken{number}</SessionToken><Expiration>{end}</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/cassia/x</Arn><AssumedRoleId>X:x</AssumedRoleId>
</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"""


@dataclass
class Lender:
    """STS and the portal of single sign-on: lends keys that end soon, new ones each time.

    Attributes:
        minutes: for which keys hold.
        refuses: whether it refuses instead.
    """

    minutes: float = 60
    refuses: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, str, str]:
        self.asked.append(path)
        end = datetime.now(UTC) + timedelta(minutes=self.minutes)
        if self.refuses:
            return 403, "text/xml", "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
        if path.startswith("/federation"):
            lent = {"accessKeyId": "ASIASSO", "secretAccessKey": "canarySso", "sessionToken": "canarySsoToken"}
            return (
                200,
                "application/json",
                json.dumps({"roleCredentials": {**lent, "expiration": end.timestamp() * 1e3}}),
            )
        return 200, "text/xml", ROLE.format(number=len(self.asked), end=end.strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.fixture
def lender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lender]:
    pytest.importorskip("botocore", reason="the extra aws is not installed")
    lends = Lender()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, text = lends.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    config = tmp_path / "config"
    config.write_text(CONFIG)
    for row in load():
        for name in row.variables:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", url)
    yield lends
    server.shutdown()
    server.server_close()


def opened(monkeypatch: pytest.MonkeyPatch, profile: str, **options: Any) -> Account:
    monkeypatch.setenv("AWS_PROFILE", profile)
    return open_account("bedrock", **options)


def signed(account: Account) -> str:
    """The header of a request that is signed now, up to the region; and the token, if it has one."""
    url = DIALECTS[account.dialect].url(account.base_url, "m")
    headers = DIALECTS[account.dialect].headers(account.key, url, b"{}")
    scope = headers["Authorization"].split("Credential=")[1].split("/bedrock")[0].split("/")
    return f"{scope[0]} {scope[2]} {headers.get('X-Amz-Security-Token', '-')}"


def test_a_profile_has_keys_and_a_region(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    account = opened(monkeypatch, "lab")
    assert account.base_url == "https://bedrock-runtime.eu-north-1.amazonaws.com"
    assert account.key_variable == "AWS_PROFILE"
    assert signed(account) == "AKIALAB eu-north-1 -"
    assert lender.asked == []
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert signed(opened(monkeypatch, "lab")) == "AKIALAB us-east-1 -"


def test_keys_of_the_environment_come_first(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canaryEnv")
    assert signed(opened(monkeypatch, "role")) == "AKIAENV eu-west-3 -"
    assert lender.asked == []


def test_a_role_lends_keys_that_are_renewed(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    lender.minutes = 5  # botocore asks for others ten minutes before the end
    account = opened(monkeypatch, "role")
    first, second = signed(account), signed(account)
    assert first != second
    assert first.startswith("ASIAROLE") and second.startswith("ASIAROLE")
    shown = " ".join(f"canaryRoleSecret{number} canaryRoleToken{number}" for number in range(1, len(lender.asked) + 1))
    assert "canary" not in redacted(shown, account.key), "earlier keys are secret too"
    assert isinstance(account.key, AwsKeys)
    assert f"{account.key!r} {account}".count("***") >= 2
    lender.minutes = 60
    assert signed(account) != second
    asked = len(lender.asked)
    assert signed(account) == signed(account)
    assert len(lender.asked) == asked, "they hold"


def test_single_sign_on_lends_keys(lender: Lender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    end = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    cache = tmp_path / "cache"
    cache.mkdir()
    # That of the person at home, which botocore looks up once a process.
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", str(cache))
    token = {"accessToken": "canaryAccess", "expiresAt": end, "region": "eu-west-1"}
    (cache / f"{sha1(b'institute').hexdigest()}.json").write_text(json.dumps(token))
    assert signed(opened(monkeypatch, "sso")) == "ASIASSO eu-west-1 canarySsoToken"


@pytest.mark.parametrize(
    ("profile", "code", "text"),
    [
        ("absent", "aws-keys-refused", "no keys of AWS by AWS_PROFILE: The config profile (absent) could not be found"),
        ("role", "aws-keys-refused", "AccessDenied"),
        ("sso", "aws-keys-refused", "see what `aws sts get-caller-identity` says"),
    ],
)
def test_keys_that_are_not_lent_are_one_line(
    lender: Lender, monkeypatch: pytest.MonkeyPatch, profile: str, code: str, text: str
) -> None:
    lender.refuses = True
    with raises(code, text) as raised:
        opened(monkeypatch, profile)
    assert "canary" not in f"{raised.value!r}{raised.value.__context__!r}"


def test_no_keys_are_lent_to_another_host(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    with raises("key-of-other-host"):
        opened(monkeypatch, "lab", base_url="https://bedrock-runtime.evil.example")
    assert lender.asked == []


def test_without_a_profile_there_is_no_key(lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with raises("key-missing", "or with cassia-engine[aws] AWS_PROFILE in the environment"):
        open_account("bedrock")
    bedrock = next(row for row in load() if row.provider == "bedrock")
    assert not key_is_set(bedrock, {})
    assert key_is_set(bedrock, {"AWS_PROFILE": "lab"})


def test_a_profile_without_botocore_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with raises("aws-extra-missing", "pip install 'cassia-engine[aws]'"):
        opened(monkeypatch, "lab")
