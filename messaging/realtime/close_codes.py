"""The codes with which the server closes a socket. `asyncapi.py` tells clients what each means."""

import structlog
from django.db import InterfaceError, OperationalError

from common.errors import Refusal

logger = structlog.get_logger(__name__)

TOO_LARGE, RESTART, OVERLOADED = 1009, 1012, 1013
INVALID, SIGNED_OUT, REFUSED, TOO_SLOW, TOO_MANY_SOCKETS, FLOODING = 4400, 4401, 4403, 4408, 4409, 4429


def close_code_for(error: Exception) -> int:
    """The code that answers an error which ends the socket. An error that we did not foresee is logged."""
    if isinstance(error, Refusal):
        return {401: SIGNED_OUT, 503: OVERLOADED}.get(error.status, REFUSED)
    if not isinstance(error, (OperationalError, InterfaceError)):
        logger.error("socket_fault", exc_info=error)
    return OVERLOADED
