"""Files as answers: sent block by block, under names that harm nobody."""

import asyncio
import string
from collections.abc import AsyncIterator
from pathlib import PurePath
from typing import IO, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import unicodedata2
from django.http import FileResponse
from rest_framework.renderers import BaseRenderer

from chatproject.common.text import seen

PLAIN = frozenset(string.ascii_letters + string.digits + " !#$&'()+,-.;=@[]^_`{}~")
"""What every browser reads alike within quotes: no quotes, no `\\`, and no `%`, which some take for an escape."""
NAME_SIZE = 255


class FileRenderer(BaseRenderer):
    """Whatever the client says it accepts: a file comes in one form."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


AT_ONCE = 2
"""Blocks that are read at a time: however many files are fetched, sockets have their turn between any two of them."""
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _turns_of(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return _turns.setdefault(loop, asyncio.Semaphore(AT_ONCE))


class BlockwiseResponse(FileResponse):
    """A file, read block by block: under ASGI, Django would read all of it before it sends any."""

    block_size = 256 * 1024  # each costs a hop to a thread and back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        blocks, turns = iter(self), _turns_of(asyncio.get_running_loop())
        while True:
            async with turns:
                block = await asyncio.to_thread(next, blocks, b"")
            if not block:
                return
            yield block


class Part:
    """The next `size` bytes of a file, to be read and closed as one."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        block = self._file.read(min(size, self._left))
        self._left -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


def content_disposition(filename: str, *, is_inline: bool) -> str:
    """How a browser shows or saves a file (RFC 6266), whatever somebody called it.

    A name beyond ASCII comes twice: with stand-ins for old programs, and whole.
    """
    kind = "inline" if is_inline else "attachment"
    name = harmless(filename)
    plain = "".join(_plain(name))
    if plain == name:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def harmless(filename: str) -> str:
    """A name under which a file may be saved: in no other folder, ending as it seems to end, never empty."""
    name = seen(unicodedata2.normalize("NFC", filename))
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2].lstrip().rstrip(". ")
    ending = PurePath(name).suffix[-20:]
    return name[: NAME_SIZE - len(ending)].removesuffix(ending) + ending or "file"


def _plain(name: str) -> list[str]:
    letters = (one for one in unicodedata2.normalize("NFKD", name) if not unicodedata2.combining(one))
    return [one if one in PLAIN else "_" for one in letters]
