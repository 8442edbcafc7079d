"""The actions on reports, cases and filters."""

from messaging.moderation.services.cases import OPEN_PERMISSION, Case, open_case, read_case
from messaging.moderation.services.decisions import decide_report
from messaging.moderation.services.filters import (
    change_filter,
    create_filter,
    delete_filter,
    measure_match_share,
    refuse_broad,
)
from messaging.moderation.services.reports import report_message, report_user

__all__ = [
    "OPEN_PERMISSION",
    "Case",
    "change_filter",
    "create_filter",
    "decide_report",
    "delete_filter",
    "measure_match_share",
    "open_case",
    "read_case",
    "refuse_broad",
    "report_message",
    "report_user",
]
