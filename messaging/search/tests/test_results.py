"""Results: their order, their pages, and what is shown of each."""

from itertools import chain

import pytest

from messaging.search.search import SearchQuery, make_snippet
from messaging.search.tests.hits import contents, find, group_saying


def test_whole_terms_in_sequence_rank_first_then_the_newest(solo) -> None:
    best, middling, worst = "The green tea is ready", "Tea, and a green cup", "A teapot, and it is green"
    group = group_saying(solo, best, worst, middling, "A green lawn")

    hits = find(solo, "green tea", conversation=group)

    assert [(hit["message"]["content"], hit["rank"]) for hit in hits] == [(best, 3), (middling, 2), (worst, 1)]
    assert contents(solo, "green tea", conversation=group, order="newest") == [middling, worst, best]


@pytest.mark.parametrize("order", ["relevance", "newest"])
def test_paging_returns_every_match_once_in_both_directions(solo, order: str) -> None:
    group = group_saying(solo, *(f"plan{'ning' * (n % 2)} {n}" for n in range(23)))
    whole = contents(solo, "plan", conversation=group, order=order, limit=100)
    there, back, url = [], [], f"messages/search/?q=plan&conversation={group}&order={order}&limit=5"
    while url:
        page = solo.get(url)
        there.append([hit["message"]["content"] for hit in page["results"]])
        url, last = page["next"] and page["next"].split("/api/v1/")[1], page
    while last["previous"]:
        last = solo.get(last["previous"].split("/api/v1/")[1])
        back.insert(0, [hit["message"]["content"] for hit in last["results"]])

    assert list(chain(*there)) == whole == contents(solo, "plan", conversation=group, order=order, limit=7)
    assert len(set(whole)) == 23
    assert back == there[:-1]


def test_a_hit_shows_the_text_around_the_first_match(solo) -> None:
    text = f"{'before ' * 30}the Größe of it\n{'after ' * 60}and größer"
    hit = find(solo, "grosse", conversation=group_saying(solo, text))[0]

    shown, marked = hit["snippet"], hit["highlights"]

    assert len(shown) <= 202
    assert [shown[begin:end] for begin, end in marked] == ["Größe"]
    assert shown.startswith("…before")
    assert shown.endswith("after…")
    assert shown.strip("…") in text
    assert hit["message"]["content"] == text


@pytest.mark.parametrize(
    ("content", "q", "marked"),
    [
        ("Hello hello HELLOS", "hello", ["Hello", "hello", "HELLOS"]),
        ("<b>bob</b> & co", "bob", ["bob"]),
        ("😀 cafe\u0301 noir", "café no", ["cafe\u0301", "noir"]),
        ("你好世界", "世界", ["世", "界"]),
        ("x" * 500, "xx", ["x" * 200]),
        ("bob " * 100, "bob", ["bob"] * 50),
        ("a" * 150 + " " + "b" * 150, "bb", ["b" * 140]),
        (("y" * 300 + " ") * 2 + "end", "end", ["end"]),
    ],
)
def test_highlights_are_offsets_into_the_snippet(content: str, q: str, marked: list[str]) -> None:
    shown, highlights = make_snippet(content, SearchQuery(q))
    assert len(shown) <= 202
    assert shown.strip("…") in content
    assert [shown[begin:end] for begin, end in highlights] == marked
