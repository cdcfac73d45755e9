"""Where a key may be sent."""

from __future__ import annotations

import pytest

from cassia_engine.providers.address import check_base_url, check_proxy
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        (" HTTPS://API.OpenAI.com/v1/ ", "https://api.openai.com/v1"),
        ("https://host:8443", "https://host:8443"),
        ("https://host/OpenAI/Path//", "https://host/OpenAI/Path"),
        ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000/v1"),
        ("http://127.3.2.1", "http://127.3.2.1"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_address_that_is_taken(url: str, checked: str) -> None:
    assert check_base_url(url) == checked


def test_http_elsewhere_only_when_allowed() -> None:
    with raises("url-not-https", "--allow_http", "http://10.0.0.7:8000/v1"):
        check_base_url("http://10.0.0.7:8000/v1")
    assert check_base_url("http://10.0.0.7:8000/v1", allow_http=True) == "http://10.0.0.7:8000/v1"


@pytest.mark.parametrize(
    ("url", "code", "values"),
    [
        ("https://me:hunter2@host/v1", "url-with-password", ()),
        ("https://hunter2@host/v1", "url-with-password", ()),
        ("https://host/v1?key=hunter2", "url-with-query", ()),
        ("https://host/v1#hunter2", "url-with-query", ()),
        ("https://host/v1?", "url-with-query", ()),
        ("https://169.254.169.254/latest", "url-of-metadata", ()),
        ("https://2852039166/latest", "url-of-metadata", ()),
        ("https://0xa9fea9fe/", "url-of-metadata", ()),
        ("https://[fe80::1]/", "url-of-metadata", ()),
        ("https://[fe80::1%25eth0]/", "url-of-metadata", ()),
        ("https://[::ffff:169.254.169.254]/", "url-of-metadata", ()),
        ("https://[fd00:ec2::254]/", "url-of-metadata", ()),
        ("https://metadata.google.internal./v1", "url-of-metadata", ()),
        ("https://169.254.169.254./latest", "url-of-metadata", ()),
        ("https://\uff11\uff16\uff19.254.169.254/", "url-of-metadata", ()),
        ("https://169\u3002254\u3002169\u3002254/", "url-of-metadata", ()),
        ("https://169\uff61254\uff0e169\uff61254/", "url-of-metadata", ()),
        ("https://\uff4detadata.google.internal/", "url-of-metadata", ()),
        ("https://[2002:a9fe:a9fe::]/", "url-of-metadata", ()),  # 6to4
        ("https://[64:ff9b::a9fe:a9fe]/", "url-of-metadata", ()),  # NAT64
        ("https://[64:ff9b:1::a9fe:a9fe]/", "url-of-metadata", ()),
        ("https://[::169.254.169.254]/", "url-of-metadata", ()),
        ("ftp://host/v1", "url-scheme", ("ftp:// is",)),
        ("file:///etc/passwd", "url-scheme", ("file:// is",)),
        ("host/v1", "url-scheme", ()),
        ("localhost:8000/v1", "url-scheme", ()),
        ("me:hunter2@host:8000/v1", "url-scheme", ("URL host:8000/v1",)),
        ("hunter2@host", "url-scheme", ("URL host",)),
        ("//me:hunter2@host", "url-scheme", ()),
        ("https://", "url-scheme", ()),
        ("", "url-scheme", ()),
        ("https://host:port/v1", "url-malformed", ()),
        ("https://[::1/v1", "url-malformed", ()),
        ("https://ho st/v1", "url-characters", ()),
        ("https://host\\@evil/v1", "url-characters", ()),
        ("https://host/v1\nX: y", "url-characters", ()),
    ],
)
def test_address_that_is_refused(url: str, code: str, values: tuple[str, ...]) -> None:
    with raises(code, *values) as caught:
        check_base_url(url, allow_http=True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://API.example.org./V1", "https://api.example.org./V1"),
        ("https://\uff41pi\u3002example.org/v1", "https://api.example.org/v1"),
        ("https://[2002:0a00:0007::]/v1", "https://[2002:0a00:0007::]/v1"),
    ],
)
def test_what_is_judged_is_what_is_asked(url: str, sent: str) -> None:
    assert check_base_url(url) == sent


def test_proxy_may_have_a_password_that_no_message_shows() -> None:
    assert check_proxy("http://me:hunter2@proxy:3128/") == "http://me:hunter2@proxy:3128"
    with raises("url-scheme", "proxy socks5://proxy:1", "socks5:// is") as caught:
        check_proxy("socks5://me:hunter2@proxy:1")
    assert "hunter2" not in str(caught.value)
