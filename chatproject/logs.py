"""Structured logs: one event per line with the request's id, and never a query string, a body or a header."""

from typing import Any

import structlog
from environs import EnvError
from structlog.tracebacks import ExceptionDictTransformer

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# Local variables in a traceback may be passwords.
WITHOUT_LOCALS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def logging_config(level: str, fmt: str) -> dict[str, Any]:
    """`LOGGING` for a level and a format (`text` for people, `json` for machines). Raises `EnvError`."""
    if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise EnvError("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
    if fmt not in ("text", "json"):
        raise EnvError("LOG_FORMAT must be text or json.")
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
            # uvicorn logs query strings, which may hold one-time tickets. We log the path only.
            "uvicorn.access": {"handlers": [], "propagate": False},
            "uvicorn.error": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},
            # At DEBUG they log signed requests, and with them a key.
            **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer", "urllib3")},
            "django.server": {"handlers": [], "propagate": False},
            # A refusal is not a fault, and the request middleware logs it.
            "django.request": {"level": "ERROR"},
            # Nor is an unknown Host header, which Django would log with a traceback.
            "django.security": {"level": "CRITICAL"},
        },
    }
