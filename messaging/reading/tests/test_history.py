"""History: pages by seq, ascending, each message once, from either end or around a seq."""

import pytest


@pytest.fixture(scope="module")
def scene(server):
    """alice and bob in a group with 25 messages; places 1 and 2 are those who were added."""
    from messaging.tests.client import cast_on

    person = cast_on(server)
    alice, bob = person("alice"), person("bob")
    group = alice.group(bob)
    for n in range(25):
        alice.write(group, f"message {n}")
    return bob, f"conversations/{group}/messages/"


def seqs(page: dict) -> list[int]:
    return [message["seq"] for message in page["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", range(3, 28)),
        ("limit=5", range(23, 28)),
        ("before=10&limit=4", range(6, 10)),
        ("before=3", []),
        ("before=0", []),
        ("before=1000&limit=2", range(26, 28)),
        ("after=0&limit=4", range(3, 7)),
        ("after=26", range(27, 28)),
        ("after=27", []),
        ("after=4611686018427387904", []),
        ("around=10&limit=5", range(8, 13)),
        ("around=10&limit=1", range(10, 11)),
        ("around=10&limit=4", range(8, 12)),
        ("around=1&limit=4", range(3, 4)),
        ("around=27&limit=4", range(25, 28)),
    ],
)
def test_before_after_and_around_cut_at_the_given_seq(scene, query: str, expected) -> None:
    bob, path = scene
    assert seqs(bob.get(f"{path}?{query}")) == list(expected)


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_around_includes_the_seq_itself(scene, limit: int) -> None:
    bob, path = scene
    for seq in range(3, 28, 4):
        found = seqs(bob.get(f"{path}?around={seq}&limit={limit}"))
        assert seq in found
        assert len(found) <= limit
        assert found == list(range(found[0], found[-1] + 1))


@pytest.mark.parametrize(("start", "direction"), [("limit=4", "previous"), ("after=0&limit=4", "next")])
def test_paging_returns_every_message_once(scene, start: str, direction: str) -> None:
    bob, path = scene
    found, url = [], f"{path}?{start}"
    while url:
        page = bob.get(url)
        found += seqs(page)
        url = page[direction] and page[direction].split("/api/v1/")[1]
    assert sorted(found) == list(range(3, 28))


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=x", "before=-1", "after=x", "around=1.5", "before=1&after=1", "after=" + "9" * 30],
)
def test_an_invalid_seq_is_refused(scene, query: str) -> None:
    bob, path = scene
    assert bob.code("GET", f"{path}?{query}") == "invalid"
    assert bob.code("GET", path) == "ok"
