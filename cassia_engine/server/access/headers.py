"""Headers of all answers: what a browser may do with them."""

from __future__ import annotations

from aiohttp import web

# For what is no page.
_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# A page has its style and script in itself, and names them by their hashes in a policy of its own: both hold.
_PAGE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "cassia",
}


async def secure_answers(request: web.Request, answer: web.StreamResponse) -> None:
    """For `on_response_prepare`: a handler's own headers stand."""
    secure(answer)
    if not request.content.is_eof():
        # What is left of the body would be read as the next request.
        answer.force_close()
        answer.headers["Connection"] = "close"


def secure(answer: web.StreamResponse) -> None:
    policy = _PAGE if answer.content_type == "text/html" else _NOTHING
    for name, value in {**_ALL, "Content-Security-Policy": policy}.items():
        if name == "Server":  # aiohttp has put its own name and version there
            answer.headers[name] = value
        answer.headers.setdefault(name, value)
