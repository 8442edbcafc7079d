"""The notices that somebody has."""

from messaging.tests.client import Person


def told(one: Person, path: str = "notifications/") -> list[dict]:
    return one.get(path)["results"]


def kinds(one: Person) -> list[str]:
    return [notice["kind"] for notice in told(one)]


def of(one: Person, kind: str) -> list[dict]:
    return [notice for notice in told(one) if notice["kind"] == kind]
