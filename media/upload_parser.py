"""Files on their way in: looked at while they arrive, and refused at the first byte that is too much.

Nothing of a body is read before the view asks for it (`chatproject/bodies.py`), so whatever is refused here is refused
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

from chatproject.common.errors import Refusal, invalid
from chatproject.common.faults import refuse_odd_fields
from chatproject.common.files import harmless
from chatproject.common.openapi import fields_of_form
from media.limits import MEGABYTE
from media.sniffing import kind_of, sniff

FORM_SIZE = 64 * 1024
"""What a form may add around the file."""
FORM_CODES = {"%22": '"', "%0D": "\r", "%0A": "\n"}
Check = Callable[[Mapping[str, str]], None]


class Arrived(TemporaryUploadedFile):
    """A file that is here, as a temporary file: what it is by its content, and its name, made harmless."""

    def __init__(self, filename: str, mime_type: str) -> None:
        UploadedFile.__init__(self, tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR), filename)  # noqa: SIM115
        self.filename = filename
        self.mime_type = mime_type


class Arriving(FileUploadHandler):
    """Takes one file named `file`. `check` hears, before its first byte is read, the fields that stood before it."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check
        self._arrived: Arrived | None = None
        self.parser: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuses another field, and a second file."""
        super().new_file(*args, **kwargs)
        if self.field_name != "file" or self._arrived:
            raise invalid(self.field_name or "file", "One file is expected, as `file`.")
        self._check(self.parser._post.dict())  # what was parsed so far; Django has no other way to ask

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Refuses `unsupported_media_type` by the first bytes, and `too_large`."""
        if self._arrived is None:
            self._arrived = _begin(_written(self.file_name or ""), raw_data)
        if start + len(raw_data) > limit_of(self._arrived.mime_type):
            raise too_large(self._arrived.mime_type)
        self._arrived.write(raw_data)

    def file_complete(self, file_size: int) -> Arrived:
        """The file. Refuses (`invalid`) an empty one."""
        if self._arrived is None:
            raise invalid("file", "The file is empty.")
        self._arrived.seek(0)
        self._arrived.size = file_size
        return self._arrived

    def upload_interrupted(self) -> None:
        if self._arrived:
            self._arrived.close()


class FormParser(MultiPartParser):
    """Leaves names of files as they were written: `harmless` knows better what may stay."""

    def sanitize_file_name(self, file_name: str) -> str:
        return file_name or "file"


class FileParser(BaseParser):
    """A form with one file. The view has `check_upload(request, fields)`."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        request, view = parser_context["request"], parser_context["view"]
        arriving = Arriving(lambda fields: view.check_upload(request, fields))
        try:
            arriving.parser = FormParser(request.META, stream, [arriving], "utf-8")
            fields, files = arriving.parser.parse()
            refuse_odd_fields(names_in(fields), fields_of_form(view, request.method))
        except BaseException as error:
            arriving.upload_interrupted()
            if isinstance(error, MultiPartParserError):
                raise Refusal("invalid", f"This is no form: {error}") from None
            raise
        return DataAndFiles(fields or QueryDict(), files)


def names_in(fields: QueryDict | None) -> list[str]:
    """The names of a form's fields, each as often as it is there."""
    return [name for name, values in fields.lists() for _ in values] if fields else []


def expected_size(meta: Mapping[str, Any]) -> int:
    """The bytes of a body by what its request says; of one that does not say, as many as there may be."""
    return largest() if "HTTP_TRANSFER_ENCODING" in meta else int(meta.get("CONTENT_LENGTH") or 0)


def limit_of(mime_type: str) -> int:
    """The bytes that a file of this type may have."""
    megabytes: int = settings.UPLOAD_MB_BY_KIND.get(kind_of(mime_type), settings.MAX_UPLOAD_MB)
    return megabytes * MEGABYTE


def largest() -> int:
    """The bytes that a file of any type may have."""
    megabytes: int = max([settings.MAX_UPLOAD_MB, *settings.UPLOAD_MB_BY_KIND.values()])
    return megabytes * MEGABYTE


def too_large(mime_type: str) -> Refusal:
    """The refusal of a file that is larger than those of its type may be."""
    return Refusal("too_large", f"A file of type {mime_type} has at most {limit_of(mime_type) // MEGABYTE} MiB.")


def is_allowed(mime_type: str) -> bool:
    """Whether `UPLOAD_TYPES` names this type, whole or as `image/*`."""
    return any(
        allowed in ("*", "*/*", mime_type) or (allowed.endswith("/*") and mime_type.startswith(allowed[:-1]))
        for allowed in settings.UPLOAD_TYPES
    )


def _written(name: str) -> str:
    """A name as somebody wrote it: browsers put these characters into forms so (HTML, multipart/form-data)."""
    for code, character in FORM_CODES.items():
        name = name.replace(code, character)
    return name


def _begin(name: str, head: bytes) -> Arrived:
    mime_type = sniff(head)
    if not is_allowed(mime_type):
        raise Refusal("unsupported_media_type", f"Files of type {mime_type} are not accepted here.")
    return Arrived(harmless(name), mime_type)
