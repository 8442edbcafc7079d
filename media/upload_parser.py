"""Parsing uploads: a file is checked while it arrives, and refused at the first byte beyond its limit.

A body is not read before the view asks for it (`chatproject/body_limit.py`), so everything refused here is refused
early.
"""

import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from rest_framework.parsers import BaseParser, DataAndFiles

from common.body_errors import refuse_unexpected_fields
from common.errors import Refusal, invalid
from common.files import safe_filename
from common.openapi import fields_of_form
from media.limits import MEGABYTE
from media.sniffing import kind_of, sniff

FORM_SIZE = 64 * 1024
"""How many bytes a form may have besides the file."""
FORM_CODES = {"%22": '"', "%0D": "\r", "%0A": "\n"}
Check = Callable[[Mapping[str, str]], None]


class ReceivedFile(TemporaryUploadedFile):
    """A received file as a temporary file, with the type found in its content and a safe name."""

    def __init__(self, filename: str, mime_type: str) -> None:
        UploadedFile.__init__(self, tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR), filename)  # noqa: SIM115
        self.filename = filename
        self.mime_type = mime_type


class SingleFileHandler(FileUploadHandler):
    """Receives one file in the field `file`. `check` is called, before its first byte is read, with the fields that
    came before it."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check
        self._file: ReceivedFile | None = None
        self.parser: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuses another field, and a second file."""
        super().new_file(*args, **kwargs)
        if self.field_name != "file" or self._file:
            raise invalid(self.field_name or "file", "Send one file, in the field `file`.")
        self._check(self.parser._post.dict())  # the fields parsed so far; Django has no public way to get them

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Refuses `unsupported_media_type`, judged by the first bytes, and `too_large`."""
        if self._file is None:
            self._file = _open_file(_unescape(self.file_name or ""), raw_data)
        if start + len(raw_data) > max_size_of(self._file.mime_type):
            raise too_large(self._file.mime_type)
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile:
        """The received file. Refuses (`invalid`) an empty one."""
        if self._file is None:
            raise invalid("file", "The file is empty.")
        self._file.seek(0)
        self._file.size = file_size
        return self._file

    def upload_interrupted(self) -> None:
        if self._file:
            self._file.close()


class FormParser(MultiPartParser):
    """Leaves file names unchanged: `safe_filename` decides better what may stay."""

    def sanitize_file_name(self, file_name: str) -> str:
        return file_name or "file"


class FileParser(BaseParser):
    """Parses a form with one file. The view must have `check_upload(request, fields)`."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        request, view = parser_context["request"], parser_context["view"]
        handler = SingleFileHandler(lambda fields: view.check_upload(request, fields))
        try:
            handler.parser = FormParser(request.META, stream, [handler], "utf-8")
            fields, files = handler.parser.parse()
            refuse_unexpected_fields(field_names(fields), fields_of_form(view, request.method))
        except BaseException as error:
            handler.upload_interrupted()
            if isinstance(error, MultiPartParserError):
                raise Refusal("invalid", f"This is not a valid multipart form: {error}") from None
            raise
        return DataAndFiles(fields or QueryDict(), files)


def field_names(fields: QueryDict | None) -> list[str]:
    """The names of a form's fields, each as often as it was given."""
    return [name for name, values in fields.lists() for _ in values] if fields else []


def expected_size(meta: Mapping[str, Any]) -> int:
    """The announced size of a body in bytes; the maximum if the request does not announce it."""
    return max_file_size() if "HTTP_TRANSFER_ENCODING" in meta else int(meta.get("CONTENT_LENGTH") or 0)


def max_size_of(mime_type: str) -> int:
    """The largest size of a file of this type, in bytes."""
    megabytes: int = settings.UPLOAD_MB_BY_KIND.get(kind_of(mime_type), settings.MAX_UPLOAD_MB)
    return megabytes * MEGABYTE


def max_file_size() -> int:
    """The largest size of a file of any type, in bytes."""
    megabytes: int = max([settings.MAX_UPLOAD_MB, *settings.UPLOAD_MB_BY_KIND.values()])
    return megabytes * MEGABYTE


def too_large(mime_type: str) -> Refusal:
    """The refusal for a file that is larger than its type allows."""
    limit = max_size_of(mime_type) // MEGABYTE
    return Refusal("too_large", f"This file is too large. Files of type {mime_type} can have at most {limit} MiB.")


def is_allowed(mime_type: str) -> bool:
    """Whether `UPLOAD_TYPES` allows this type, by name or as `image/*`."""
    return any(
        allowed in ("*", "*/*", mime_type) or (allowed.endswith("/*") and mime_type.startswith(allowed[:-1]))
        for allowed in settings.UPLOAD_TYPES
    )


def _unescape(name: str) -> str:
    """The original file name: browsers escape these characters in forms (HTML, multipart/form-data)."""
    for code, character in FORM_CODES.items():
        name = name.replace(code, character)
    return name


def _open_file(name: str, head: bytes) -> ReceivedFile:
    mime_type = sniff(head)
    if not is_allowed(mime_type):
        raise Refusal("unsupported_media_type", f"Files of type {mime_type} are not accepted here.")
    return ReceivedFile(safe_filename(name), mime_type)
