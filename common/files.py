"""Files as responses: sent block by block, under safe names."""

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

from common.text import visible_text

PLAIN = frozenset(string.ascii_letters + string.digits + " !#$&'()+,-.;=@[]^_`{}~")
"""Characters that every browser reads the same within quotes: no quotes, no `\\`, and no `%`, an escape to some."""
NAME_SIZE = 255


class FileRenderer(BaseRenderer):
    """Used whatever the client accepts: a file has only one form."""

    media_type = "*/*"
    format = "file"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> Any:
        return data


MAX_CONCURRENT_READS = 2
"""Blocks read at a time, so that sockets are served between two blocks however many files are fetched."""
_read_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _read_slots_of(loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    return _read_slots.setdefault(loop, asyncio.Semaphore(MAX_CONCURRENT_READS))


class BlockwiseResponse(FileResponse):
    """A file that is read block by block. Under ASGI, Django would read all of it before sending the first byte."""

    block_size = 256 * 1024  # each block costs a switch to a thread and back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        blocks, slots = iter(self), _read_slots_of(asyncio.get_running_loop())
        while True:
            async with slots:
                block = await asyncio.to_thread(next, blocks, b"")
            if not block:
                return
            yield block


class FileRange:
    """The next `size` bytes of a file, read and closed like a file."""

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
    """The header that tells a browser to show or save a file (RFC 6266), whatever its name.

    A name with other characters than ASCII comes twice: with stand-ins for old clients, and in full.
    """
    kind = "inline" if is_inline else "attachment"
    name = safe_filename(filename)
    plain = "".join(_plain(name))
    if plain == name:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def safe_filename(filename: str) -> str:
    """A name that is safe to save a file under: without a folder, with the ending that is displayed, never empty."""
    name = visible_text(unicodedata2.normalize("NFC", filename))
    name = name.replace("\\", "/").rstrip("/").rpartition("/")[2].lstrip().rstrip(". ")
    ending = PurePath(name).suffix[-20:]
    return name[: NAME_SIZE - len(ending)].removesuffix(ending) + ending or "file"


def _plain(name: str) -> list[str]:
    characters = (char for char in unicodedata2.normalize("NFKD", name) if not unicodedata2.combining(char))
    return [char if char in PLAIN else "_" for char in characters]
