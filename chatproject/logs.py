"""Structured logs: one event per line, with the request's id, never with a query string, a body or a header."""

from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# What a frame holds at a fault may be a password.
WITHOUT_LOCALS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def logging_config(level: str, fmt: str) -> dict[str, Any]:
    """The `LOGGING` dictionary for a level and a format (`text` for people, `json` for machines)."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render: list[Any] = (
        [WITHOUT_LOCALS, structlog.processors.JSONRenderer()]
        if fmt == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # uvicorn's own lines hold query strings, and so one-time tickets: ours hold the path only.
            "uvicorn.access": {"handlers": [], "propagate": False},
            "uvicorn.error": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},
            # At DEBUG they show signed requests, and with them a key.
            **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
            "django.server": {"handlers": [], "propagate": False},
            # Refusals are answers, not faults; ours are logged by the request middleware.
            "django.request": {"level": "ERROR"},
            # So is a foreign Host, which it logs with a traceback.
            "django.security": {"level": "CRITICAL"},
        },
    }
