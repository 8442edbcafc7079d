"""What people do at once, and what must hold afterwards."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from chatproject.tests.proving import PROVE
from messaging.tests.client import Person
from messaging.tests.faults.checker import stored

ROUNDS = 2 * PROVE
Action = Callable[[], str]


def at_once(*actions: Action) -> list[str]:
    """Do all at the same moment, each in a thread of its own; their codes. None may be a fault of ours."""
    gate = threading.Barrier(len(actions))

    def run(action: Action) -> str:
        gate.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as threads:
        codes = list(threads.map(run, actions))
    assert not {"internal", "unavailable"} & set(codes), codes
    return codes


def check_consistent(one: Person, conversation: str) -> None:
    """What must hold of every conversation at any time, as a member and the tables see it."""
    members = one.get(f"conversations/{conversation}/members/?limit=100")["results"]
    row = one.row(conversation)
    assert row["member_count"] == len(members)
    assert row["kind"] == "direct" or "owner" in [member["role"] for member in members]
    assert [entry.seq for entry in stored(one.server, conversation)] == list(range(1, row["seq"] + 1))
    entries = one.get(f"conversations/{conversation}/log/?after={max(0, row['seq'] - 400)}")["entries"]
    assert [entry["seq"] for entry in entries] == list(range(max(0, row["seq"] - 400) + 1, row["seq"] + 1))


def asking(one: Person, method: str, path: str, body: object = None) -> Action:
    return lambda: one.code(method, path, body)


def leaving(one: Person, conversation: str) -> Action:
    return asking(one, "DELETE", f"conversations/{conversation}/members/me/")


def removing(one: Person, other: Person, conversation: str) -> Action:
    return asking(one, "DELETE", f"conversations/{conversation}/members/{other.id}/")


def adding(one: Person, other: Person, conversation: str, role: str = "member") -> Action:
    return asking(one, "POST", f"conversations/{conversation}/members/", {"user_id": other.id, "role": role})


def accepting(one: Person, token: str) -> Action:
    return asking(one, "POST", f"invites/{token}/accept/")


def writing(one: Person, conversation: str, **more: object) -> Action:
    return asking(one, "POST", f"conversations/{conversation}/messages/", {"content": "Hi", **more})
