"""What every HTTP endpoint shares: reading a body into a wire struct, reading query parameters, writing an answer."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from common import strict_json
from common.body_errors import errors_in
from common.errors import Refusal, invalid
from common.text import clean_fields
from common.wire import Body, normalize_moments, utc_moment

S = TypeVar("S", bound=Body)


class StrictJSONParser(BaseParser):
    """JSON bodies, read strictly."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return strict_json.loads(body) if (body := stream.read(settings.MAX_BODY_BYTES + 1)) else {}


class JSONRenderer(BaseRenderer):
    """Answers as JSON; structs, UUIDs, moments and prepared pieces (`msgspec.Raw`) are written as they are."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


def body_of(request: Request, struct: type[S]) -> S:
    """The request's body as `struct`; refuses (`invalid`) what does not fit, naming every wrong field."""
    return convert(request.data, struct)


def convert(data: Any, struct: type[S]) -> S:
    """`data` as `struct`, its text cleaned and its moments in UTC; refuses (`invalid`) what does not fit, naming every
    wrong field."""
    try:
        return normalize_moments(clean_fields(msgspec.convert(data, struct)))
    except msgspec.ValidationError:
        raise Refusal("invalid", errors=errors_in(data, struct)) from None
    except Refusal as refusal:
        raise Refusal("invalid", errors=errors_in(data, struct) or refusal.errors) from None


def changes_in(body: Body) -> dict[str, Any]:
    """The fields that this body sets, with their new values."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not msgspec.UNSET}


def refuse_misplaced(body: Body, names: Iterable[str]) -> None:
    """Refuses (`invalid`) fields that have no effect together with the others of this body, because a client that sets
    them expects one. A field with its default value does no harm."""
    fresh = {field.name: field for field in msgspec.structs.fields(body)}
    detail = "This field has no effect together with the other fields. Leave it out."
    errors = [
        {"field": name, "code": "misplaced", "detail": detail}
        for name in names
        if getattr(body, name) != _default_of(fresh[name])
    ]
    if errors:
        raise Refusal("invalid", errors=errors)


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def id_from(request: Request, name: str) -> UUID | None:
    """An id from the query; refuses (`invalid`) anything else."""
    if not (text := request.query_params.get(name)):
        return None
    try:
        return msgspec.convert(text, UUID)
    except msgspec.ValidationError:
        raise invalid(name, "This is not a valid ID.", "format") from None


def moment_from(request: Request, name: str) -> datetime | None:
    """A time from the query, in UTC; refuses (`invalid`) anything else."""
    if not (text := request.query_params.get(name)):
        return None
    try:
        return utc_moment(msgspec.convert(text, datetime), name)
    except msgspec.ValidationError:
        raise invalid(name, "A time like 2026-01-31T12:00:00Z is expected.", "format") from None


def bool_of(request: Request, name: str) -> bool | None:
    """`true` or `false` from the query, None where it is not there; refuses (`invalid`) anything else."""
    text = request.query_params.get(name)
    if text not in (None, "true", "false"):
        raise invalid(name, "Choose one of: true, false.")
    return None if text is None else text == "true"


def int_of(request: Request, name: str, default: int | None = None, low: int = 0, high: int = 2**62) -> int | None:
    """A whole number from the query; refuses (`invalid`) anything else, and numbers out of range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if re.fullmatch(r"-?\d{1,19}", text, re.ASCII) else low - 1
    if not low <= number <= high:
        detail = f"A whole number from {low} to {high} is expected."
        raise invalid(name, detail)
    return number
