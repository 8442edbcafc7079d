"""The word and link filters: how a text is compared with them, and the copy of them that this process keeps.

Searching a text takes time in proportion to its length and to the number of filters, whatever they contain: a pattern
is always plain text, never a regular expression.
"""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import regex
import unicodedata2
from django.db import connection

from common.errors import invalid
from common.ids import uuid7
from messaging.models import Filter, FilterVersion, Report

MIN_LETTERS, MIN_LETTERS_BY_WILDCARD = 2, 3
"""The fewest letters of a word pattern, without and with a `*`."""
CASELESS_WEIGHT = 2
"""A letter of a script without upper and lower case counts as this many: some are words by themselves."""
REFRESH_SECONDS = 2.0
"""How often a process checks whether the filters have changed."""
WORD, HOST = regex.compile(r"[\p{L}\p{M}\p{N}_]+"), regex.compile(r"[\p{L}\p{M}\p{N}_.-]+")
"""Including combining marks: without its vowel signs, a Devanagari word would fall into as many words as it has
consonants."""
HOST_SIZE = 253
INVISIBLE = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
"""Characters that cannot be seen and would hide a word."""
DECORATION = regex.compile(r"[\p{sc=Inherited}\p{Me}\u0640]+")
"""Characters that can be added to any letter and would hide a word: marks that make no other letter, and elongation."""
FLAGGED = "Filter: "
"""The prefix of the comment of a report that a filter made; the patterns follow."""
CONTEXT = 8
"""Letters to show on each side of a match within a word."""
INSERT_REPORT = """
    INSERT INTO messaging_report
        (id, message_id, about_id, person_id, reason, comment, status, created_at, decision, decision_reason)
    VALUES (%s, %s, %s, %s, 'other', %s, 'open', %s, '', '') ON CONFLICT DO NOTHING"""


class Hit(NamedTuple):
    """A filter that matches a text."""

    pattern: str
    action: str


class Filters:
    """Some filters, compiled for searching texts."""

    def __init__(self, filters: Iterable[Filter]) -> None:
        self._words: dict[str, Hit] = {}
        self._phrases: list[tuple[str, Hit]] = []
        self._hosts: dict[str, Hit] = {}
        for one in filters:
            hit = Hit(one.pattern, one.action)
            if one.kind == Filter.Kind.LINK:
                self._hosts[one.pattern] = hit
            elif WORD.fullmatch(one.pattern):
                self._words[one.pattern] = hit
            else:
                self._phrases.append((_phrase(one.pattern), hit))

    def find(self, text: str) -> list[Hit]:
        """Find the filters that match this text."""
        if not (text and (self._words or self._phrases or self._hosts)):
            return []
        folded = fold(text)
        words = WORD.findall(folded)
        found = [self._words[word] for word in set(words) & self._words.keys()]
        if self._phrases:
            line = f" {' '.join(words)} "
            found += [hit for phrase, hit in self._phrases if phrase in line]
        if self._hosts:
            found += [self._hosts[host] for host in set(_hosts_in(folded)) & self._hosts.keys()]
        return sorted(found)

    def excerpts(self, text: str) -> list[str]:
        """The matching parts of this text, folded: words, parts of words with a little around them, and hosts."""
        folded = fold(text)
        words = WORD.findall(folded)
        found = [word for word in words if word in self._words]
        line = f" {' '.join(words)} "
        for phrase, _ in self._phrases:
            at = line.find(phrase)
            while at >= 0:
                begin, end = at + phrase.startswith(" "), at + len(phrase) - phrase.endswith(" ")
                before, after = line[:begin].rpartition(" ")[2], line[end:].partition(" ")[0]
                found.append(f"{before[-CONTEXT:]}{line[begin:end]}{after[:CONTEXT]}")
                at = line.find(phrase, at + len(phrase) - 1)
        found += [run for run in HOST.findall(folded) if not self._hosts.keys().isdisjoint(_hosts_in(run))]
        return list(dict.fromkeys(found))


class FilterCache:
    """The active filters, at most two seconds out of date."""

    def __init__(self) -> None:
        self._filters, self._checked_at = Filters([]), 0.0
        self._version: UUID | None = None

    def get(self) -> Filters:
        """The active filters. This may query the database, so call it before anything is locked."""
        moment = time.monotonic()
        if moment - self._checked_at > REFRESH_SECONDS:
            version = FilterVersion.current()
            if version != self._version:
                self._filters, self._version = Filters(Filter.objects.filter(is_active=True)), version
            self._checked_at = moment
        return self._filters

    def invalidate(self) -> None:
        """Read the filters again at the next call of `get`, because this process has changed them."""
        self._checked_at = 0.0


filter_cache = FilterCache()
"""The filters of this process."""


def is_blocked_by(hits: Iterable[Hit]) -> bool:
    """Whether a text with these hits is refused."""
    return any(hit.action == Filter.Action.BLOCK for hit in hits)


def try_filters(text: str) -> tuple[str | None, list[Hit]]:
    """What would happen to this text with the filters now in the database, and which of them match it."""
    hits = Filters(Filter.objects.filter(is_active=True)).find(text)
    if is_blocked_by(hits):
        return Filter.Action.BLOCK.value, hits
    return (Filter.Action.FLAG.value if hits else None), hits


def report_flagged(message_id: UUID, sender_id: UUID, hits: Iterable[Hit], moment: datetime) -> None:
    """Report a message that these filters match, in the transaction that writes it; once while such a report is open.
    This is SQL because Django does not manage the writer's transactions."""
    ids = Report._meta.pk
    values = [ids.get_db_prep_value(id_, connection) for id_ in (uuid7(), message_id, message_id, sender_id)]
    comment = f"{FLAGGED}{', '.join(hit.pattern for hit in hits)}"[:1000]
    at = connection.ops.adapt_datetimefield_value(moment)
    with connection.cursor() as cursor:
        cursor.execute(INSERT_REPORT, [*values, comment, at])


def matching_excerpts(text: str, flagged: Iterable[Report]) -> list[str]:
    """The parts of this text that match the filters which made these reports, even if those filters are gone."""
    patterns = {one for report in flagged for one in report.comment.removeprefix(FLAGGED).split(", ") if one}
    return Filters(Filter(kind=kind, pattern=one) for kind in Filter.Kind for one in patterns).excerpts(text)


def fold(text: str) -> str:
    """A text in the form that is compared: one case, one spelling, no invisible and no decorating characters."""
    plain = unicodedata2.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    folded: str = DECORATION.sub("", unicodedata2.normalize("NFKC", plain))
    return folded.replace("\u3002", ".")


def clean_pattern(kind: str, pattern: str) -> str:
    """A pattern in the form that is stored. Refuses (`invalid`) patterns that would match nothing, or everything."""
    folded = fold(pattern).strip()
    if kind == Filter.Kind.LINK:
        host = next(iter(HOST.findall(folded.split("://")[-1])), "")
        hosts = list(_hosts_in(host))
        if not hosts or "*" in folded:
            raise invalid("pattern", "Enter a host name, such as example.com.")
        return hosts[0]
    body = " ".join(WORD.findall(folded))
    if not body or "*" in folded.strip("*"):
        raise invalid("pattern", "Enter one or more words. A * is allowed only at the beginning and at the end.")
    letters = sum(CASELESS_WEIGHT if unicodedata2.category(char) == "Lo" else 1 for char in body if char != " ")
    if letters < (MIN_LETTERS_BY_WILDCARD if "*" in folded else MIN_LETTERS):
        raise invalid("pattern", f"Enter at least {MIN_LETTERS} letters, or {MIN_LETTERS_BY_WILDCARD} with a *.")
    return f"{'*' if folded.startswith('*') else ''}{body}{'*' if folded.endswith('*') else ''}"


def _phrase(pattern: str) -> str:
    """What to look for in the line of all words, in which a space stands on each side of every word."""
    begin, end = ("" if pattern.startswith("*") else " "), ("" if pattern.endswith("*") else " ")
    return f"{begin}{pattern.strip('*')}{end}"


def _hosts_in(folded: str) -> Iterator[str]:
    """Everything in this text that could be a host name, each with its parent domains: `a.b.example`, `b.example`."""
    for run in HOST.findall(folded):
        labels = [_decoded(label) for label in run[-HOST_SIZE:].strip("._-").split(".")]
        for at in range(len(labels) - 1):
            yield ".".join(labels[at:])


def _decoded(label: str) -> str:
    """A label of a host name as people read it, decoded from punycode."""
    if not label.startswith("xn--"):
        return label
    try:
        return fold(label[4:].encode().decode("punycode"))
    except UnicodeError:
        return label
