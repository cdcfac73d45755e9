"""Free space on the disk of the data folder, some of which is kept for jobs at work and for the database."""

from __future__ import annotations

import asyncio
from shutil import disk_usage

from cassia_engine.server.answers import Refused
from cassia_engine.server.state import ServerState


async def free_bytes(state: ServerState) -> int:
    return (await asyncio.to_thread(disk_usage, state.options.data)).free


async def has_room(state: ServerState) -> bool:
    """Whether the server takes new uploads and jobs."""
    return await free_bytes(state) >= state.options.min_free_bytes


async def check_room(state: ServerState) -> None:
    """Make sure that a job can be taken.

    Raises:
        Refused: too little is free.
    """
    if not await has_room(state):
        least = state.options.min_free_bytes / 2**30
        what = f"the server's disk has less than {least:g} GiB free, so that it takes no job; ask who runs the server"
        raise Refused("QUOTA_EXCEEDED", f"{what} to free some")
