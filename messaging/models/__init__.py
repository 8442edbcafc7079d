from messaging.models.mention import Mention
from messaging.models.message import Message, MessageQuerySet
from messaging.models.reaction import Reaction
from messaging.models.report import Report
from messaging.models.revision import Revision
from messaging.models.tail import Tail
from messaging.models.thread_mark import ThreadMark

__all__ = ["Mention", "Message", "MessageQuerySet", "Reaction", "Report", "Revision", "Tail", "ThreadMark"]
