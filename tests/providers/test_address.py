"""Where a key may be sent."""

from __future__ import annotations

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.providers.address import check_base_url, check_proxy

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
    with pytest.raises(UsageError, match="--allow_http"):
        check_base_url("http://10.0.0.7:8000/v1")
    assert check_base_url("http://10.0.0.7:8000/v1", allow_http=True) == "http://10.0.0.7:8000/v1"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://me:hunter2@host/v1", "a name or password"),
        ("https://hunter2@host/v1", "a name or password"),
        ("https://host/v1?key=hunter2", "ends before"),
        ("https://host/v1#hunter2", "ends before"),
        ("https://host/v1?", "ends before"),
        ("https://169.254.169.254/latest", "metadata"),
        ("https://2852039166/latest", "metadata"),
        ("https://0xa9fea9fe/", "metadata"),
        ("https://[fe80::1]/", "metadata"),
        ("https://[fe80::1%25eth0]/", "metadata"),
        ("https://[::ffff:169.254.169.254]/", "metadata"),
        ("https://[fd00:ec2::254]/", "metadata"),
        ("https://metadata.google.internal./v1", "metadata"),
        ("https://169.254.169.254./latest", "metadata"),
        ("https://\uff11\uff16\uff19.254.169.254/", "metadata"),
        ("https://169\u3002254\u3002169\u3002254/", "metadata"),
        ("https://169\uff61254\uff0e169\uff61254/", "metadata"),
        ("https://\uff4detadata.google.internal/", "metadata"),
        ("https://[2002:a9fe:a9fe::]/", "metadata"),  # 6to4
        ("https://[64:ff9b::a9fe:a9fe]/", "metadata"),  # NAT64
        ("https://[64:ff9b:1::a9fe:a9fe]/", "metadata"),
        ("https://[::169.254.169.254]/", "metadata"),
        ("ftp://host/v1", "ftp:// is not spoken here"),
        ("file:///etc/passwd", "file:// is not spoken here"),
        ("host/v1", "not a URL"),
        ("localhost:8000/v1", "not a URL"),
        ("me:hunter2@host:8000/v1", "URL host:8000/v1: not a URL"),
        ("hunter2@host", "URL host: not a URL"),
        ("//me:hunter2@host", "not a URL"),
        ("https://", "not a URL"),
        ("", "not a URL"),
        ("https://host:port/v1", "not a URL"),
        ("https://[::1/v1", "not a URL"),
        ("https://ho st/v1", "no URL has spaces"),
        ("https://host\\@evil/v1", "no URL has spaces"),
        ("https://host/v1\nX: y", "no URL has spaces"),
    ],
)
def test_address_that_is_refused(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        check_base_url(url, allow_http=True)
    assert "\n" not in str(caught.value)
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
    with pytest.raises(UsageError, match=r"proxy socks5://proxy:1: socks5:// is not spoken here") as caught:
        check_proxy("socks5://me:hunter2@proxy:1")
    assert "hunter2" not in str(caught.value)
