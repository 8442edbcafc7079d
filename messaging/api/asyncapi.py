"""`/api/asyncapi/`: the AsyncAPI document of the socket, as a page or as JSON."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from messaging.realtime.asyncapi import CLOSING_CODES, COMMAND_TYPES, EVENT_TYPES, document, name_of


def asyncapi(request: HttpRequest) -> HttpResponse:
    """The page; with `Accept: application/json` or `?format=json` the AsyncAPI document itself."""
    shown = document()
    if request.GET.get("format") == "json" or not request.accepts("text/html"):
        return JsonResponse(shown)
    messages, schemas = shown["components"]["messages"], shown["components"]["schemas"]

    def described(kinds: tuple[type, ...]) -> list[dict[str, str]]:
        return [
            {
                "name": name_of(kind),
                "summary": messages[name_of(kind)]["summary"],
                "schema": json.dumps(schemas[kind.__name__], indent=2),
            }
            for kind in kinds
        ]

    shared = sorted(set(schemas) - {kind.__name__ for kind in COMMAND_TYPES + EVENT_TYPES})
    context = {
        "info": shown["info"],
        "commands": described(COMMAND_TYPES),
        "events": described(EVENT_TYPES),
        "codes": CLOSING_CODES,
        "schemas": [{"name": name, "schema": json.dumps(schemas[name], indent=2)} for name in shared],
    }
    return render(request, "asyncapi.html", context)
