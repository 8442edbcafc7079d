from messaging.models.filter import Filter, FilterVersion
from messaging.models.mention import Mention
from messaging.models.message import Message, MessageQuerySet
from messaging.models.reaction import Reaction
from messaging.models.report import Report, ReportQuerySet
from messaging.models.revision import Revision
from messaging.models.tail import Tail
from messaging.models.thread_mark import ThreadMark

__all__ = [
    "Filter",
    "FilterVersion",
    "Mention",
    "Message",
    "MessageQuerySet",
    "Reaction",
    "Report",
    "ReportQuerySet",
    "Revision",
    "Tail",
    "ThreadMark",
]
