"""The console pages of messaging, which are all about moderation. Django looks for them in this module."""

from messaging.moderation.admin import FilterAdmin, ReportAdmin

__all__ = ["FilterAdmin", "ReportAdmin"]
