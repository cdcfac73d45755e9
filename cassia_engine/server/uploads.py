"""Artifacts, chunk by chunk: initiate, chunk, complete."""

from __future__ import annotations

from aiohttp import web

ROUTES = web.RouteTableDef()
