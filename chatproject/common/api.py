"""What every HTTP door shares: reading a body into a wire struct, writing an answer, paging by key."""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from chatproject.common import strict_json
from chatproject.common.errors import Refusal, invalid
from chatproject.common.text import tidy

S = TypeVar("S", bound=msgspec.Struct)


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
    """The request's body as `struct`; refuses (`invalid`) what does not fit, naming the field."""
    return convert(request.data, struct)


def convert(data: Any, struct: type[S]) -> S:
    """`data` as `struct`, its text cleaned; refuses (`invalid`) what does not fit, naming the field."""
    try:
        return tidy(msgspec.convert(data, struct))
    except msgspec.ValidationError as error:
        raise refusal_of(error) from None


def refusal_of(error: msgspec.ValidationError) -> Refusal:
    """msgspec's sentence ("Expected `str`, got `int` - at `$.content`") as a refusal that names the field."""
    sentence, _, place = str(error).partition(" - at `")
    field = place.rstrip("`").removeprefix("$").lstrip(".")
    code = "invalid"
    if sentence.startswith("Object missing required field"):
        missing = sentence.split("`")[1]
        field, code, sentence = (f"{field}.{missing}" if field else missing), "required", "This field is required."
    return Refusal("invalid", errors=[{"field": field, "code": code, "detail": sentence}])


def moment_of(moment: datetime | None, field: str) -> datetime | None:
    """A moment from a body, in UTC; refuses (`invalid`) one that does not say which offset it means."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise invalid(field, "Name the offset, like Z.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise invalid(field, "This lies beyond all time.") from None


def int_of(request: Request, name: str, default: int | None = None, low: int = 0, high: int = 2**62) -> int | None:
    """A whole number from the query; refuses (`invalid`) what is none or out of range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        number = int(text) if len(text) < 20 else -1
    except ValueError:
        number = -1
    if not low <= number <= high:
        detail = f"A whole number from {low} to {high} is expected."
        raise Refusal("invalid", errors=[{"field": name, "code": "invalid", "detail": detail}])
    return number
