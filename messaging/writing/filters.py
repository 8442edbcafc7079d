"""Words and links that are not wanted in messages: what a text is compared by, and the filters of this process.

Looking through a text takes time by its length and the number of filters, whatever either says: every pattern is a
plain piece of text, and none is an expression that somebody wrote.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import regex
import unicodedata2
from django.db import connection

from chatproject.common.errors import invalid
from chatproject.common.ids import uuid7
from messaging.models import Filter, FilterVersion, Report

LEAST, LEAST_OPEN, CASELESS = 2, 3, 2
"""Letters that a pattern of words has at least, alone and beside a `*`; a letter of a script without upper and lower
case, of which some make a word by themselves, counts as so many."""
LOOK_AGAIN = 2.0
"""Seconds after which a process asks whether the filters are others now."""
WORD, HOST = regex.compile(r"[\p{L}\p{M}\p{N}_]+"), regex.compile(r"[\p{L}\p{M}\p{N}_.-]+")
"""With their marks: without its vowels, a word of Devanagari would be as many words as it has consonants."""
HOST_SIZE = 253
UNSEEN = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
"""What is not seen, and would hide a word."""
ADDED = regex.compile(r"[\p{sc=Inherited}\p{Me}\u0640]+")
"""What can be added to any letter and would hide a word: marks that make no other letter, and what makes it longer."""
FLAGGED = "Filter: "
"""How the comment of a report begins that a filter made; the patterns follow."""
ASIDE = 8
"""Letters that are shown on each side of what a pattern met within a word."""
KEEP = """
    INSERT INTO messaging_report
        (id, message_id, about_id, person_id, reason, comment, status, created_at, decision, decision_reason)
    VALUES (%s, %s, %s, %s, 'other', %s, 'open', %s, '', '') ON CONFLICT DO NOTHING"""


class Hit(NamedTuple):
    """A filter that a text has met."""

    pattern: str
    action: str


class Filters:
    """Some filters, ready to be looked for."""

    def __init__(self, filters: Iterable[Filter]) -> None:
        self._words: dict[str, Hit] = {}
        self._pieces: list[tuple[str, Hit]] = []
        self._hosts: dict[str, Hit] = {}
        for one in filters:
            hit = Hit(one.pattern, one.action)
            if one.kind == Filter.Kind.LINK:
                self._hosts[one.pattern] = hit
            elif WORD.fullmatch(one.pattern):
                self._words[one.pattern] = hit
            else:
                self._pieces.append((_piece(one.pattern), hit))

    def find(self, text: str) -> list[Hit]:
        """The filters that this text meets."""
        if not (text and (self._words or self._pieces or self._hosts)):
            return []
        folded = fold(text)
        words = WORD.findall(folded)
        found = [self._words[word] for word in set(words) & self._words.keys()]
        if self._pieces:
            line = f" {' '.join(words)} "
            found += [hit for piece, hit in self._pieces if piece in line]
        if self._hosts:
            found += [self._hosts[host] for host in set(_hosts_in(folded)) & self._hosts.keys()]
        return sorted(found)

    def excerpts(self, text: str) -> list[str]:
        """Of this text, folded, only what they meet: the words, with a little around a part of one, and the hosts."""
        folded = fold(text)
        words = WORD.findall(folded)
        found = [word for word in words if word in self._words]
        line = f" {' '.join(words)} "
        for piece, _ in self._pieces:
            at = line.find(piece)
            while at >= 0:
                begin, end = at + piece.startswith(" "), at + len(piece) - piece.endswith(" ")
                head, tail = line[:begin].rpartition(" ")[2], line[end:].partition(" ")[0]
                found.append(f"{head[-ASIDE:]}{line[begin:end]}{tail[:ASIDE]}")
                at = line.find(piece, at + len(piece) - 1)
        found += [run for run in HOST.findall(folded) if not self._hosts.keys().isdisjoint(_hosts_in(run))]
        return list(dict.fromkeys(found))


class Present:
    """The filters as they are now, or were two seconds ago."""

    def __init__(self) -> None:
        self._filters, self._looked_at = Filters([]), 0.0
        self._version: UUID | None = None

    def get(self) -> Filters:
        """These filters. Asks the database now and then; call it before anything is locked."""
        moment = time.monotonic()
        if moment - self._looked_at > LOOK_AGAIN:
            version = FilterVersion.present()
            if version != self._version:
                self._filters, self._version = Filters(Filter.objects.filter(is_active=True)), version
            self._looked_at = moment
        return self._filters

    def look_again(self) -> None:
        """They were changed here: the next text is compared with them as they are."""
        self._looked_at = 0.0


present = Present()
"""Those of this process."""


def refuses(hits: Iterable[Hit]) -> bool:
    """Whether a text that meets these is refused."""
    return any(hit.action == Filter.Action.BLOCK for hit in hits)


def try_out(text: str) -> tuple[str | None, list[Hit]]:
    """What would become of this text with the filters as they are in the database now, and which of them it meets."""
    hits = Filters(Filter.objects.filter(is_active=True)).find(text)
    if refuses(hits):
        return Filter.Action.BLOCK.value, hits
    return (Filter.Action.FLAG.value if hits else None), hits


def flag(message_id: UUID, sender_id: UUID, hits: Iterable[Hit], moment: datetime) -> None:
    """Report a message that has met these filters, in the transaction that writes it; once while that is open. SQL,
    because the writer runs its transactions by itself."""
    ids = Report._meta.pk
    values = [ids.get_db_prep_value(id_, connection) for id_ in (uuid7(), message_id, message_id, sender_id)]
    comment = f"{FLAGGED}{', '.join(hit.pattern for hit in hits)}"[:1000]
    at = connection.ops.adapt_datetimefield_value(moment)
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [*values, comment, at])


def words_met(text: str, flagged: Iterable[Report]) -> list[str]:
    """What of this text the filters met that made these reports, whatever became of those filters since."""
    patterns = {one for report in flagged for one in report.comment.removeprefix(FLAGGED).split(", ") if one}
    return Filters(Filter(kind=kind, pattern=one) for kind in Filter.Kind for one in patterns).excerpts(text)


def fold(text: str) -> str:
    """A text without what is not seen or only added, and without the difference of cases and of letters that are the
    same."""
    plain = unicodedata2.normalize("NFKC", UNSEEN.sub("", text)).casefold()
    folded: str = ADDED.sub("", unicodedata2.normalize("NFKC", plain))
    return folded.replace("\u3002", ".")


def clean_pattern(kind: str, pattern: str) -> str:
    """A pattern as it is kept. Refuses (`invalid`) what would find nothing, or everything."""
    folded = fold(pattern).strip()
    if kind == Filter.Kind.LINK:
        host = next(iter(HOST.findall(folded.split("://")[-1])), "")
        hosts = list(_hosts_in(host))
        if not hosts or "*" in folded:
            raise invalid("pattern", "Give the name of a host, like example.com.")
        return hosts[0]
    body = " ".join(WORD.findall(folded))
    if not body or "*" in folded.strip("*"):
        raise invalid("pattern", "Give a word, or several; * may stand at its ends.")
    letters = sum(CASELESS if unicodedata2.category(char) == "Lo" else 1 for char in body if char != " ")
    if letters < (LEAST_OPEN if "*" in folded else LEAST):
        raise invalid("pattern", f"Give at least {LEAST} letters, and {LEAST_OPEN} beside a *.")
    return f"{'*' if folded.startswith('*') else ''}{body}{'*' if folded.endswith('*') else ''}"


def _piece(pattern: str) -> str:
    """What stands in the line of all words, with spaces around each, where the pattern is met."""
    begin, end = ("" if pattern.startswith("*") else " "), ("" if pattern.endswith("*") else " ")
    return f"{begin}{pattern.strip('*')}{end}"


def _hosts_in(folded: str) -> Iterator[str]:
    """What could be a host in this text, each with those it lies below: `a.b.example`, `b.example`."""
    for run in HOST.findall(folded):
        labels = [_decoded(label) for label in run[-HOST_SIZE:].strip("._-").split(".")]
        for at in range(len(labels) - 1):
            yield ".".join(labels[at:])


def _decoded(label: str) -> str:
    """A part of a host's name as people read it."""
    if not label.startswith("xn--"):
        return label
    try:
        return fold(label[4:].encode().decode("punycode"))
    except UnicodeError:
        return label
