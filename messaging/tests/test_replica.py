"""A snapshot with the events after it equals a fresh snapshot, whatever happened in between."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatproject.tests.proving import PROVE
from messaging.tests.client import Person
from messaging.tests.replica import Device

LIKE, LOVE = "\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}"
OFTEN = ("send", "answer", "in_thread", "mention", "everybody", "edit", "delete", "react", "take_back", "pin", "read")
RARELY = (
    "unpin", "delivered", "leave", "add", "remove", "ban", "unban", "promote", "demote", "rename", "read_only",
    "nickname", "direct", "block", "unblock", "invite", "end", "disconnect", "connect", "reconnect",
)  # fmt: skip
action = st.tuples(
    st.sampled_from([*OFTEN, *OFTEN, *OFTEN, *RARELY]),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 7),
)


@pytest.mark.search
@settings(
    max_examples=2 * PROVE,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(story=st.lists(action, min_size=20, max_size=60))
def test_a_snapshot_with_events_equals_a_fresh_snapshot(signed_up, story: list[tuple[str, int, int, int, int]]) -> None:
    asyncio.run(Story([signed_up(name) for name in ("alice", "bob", "carol")]).run(story))


class Story:
    """Three users with two devices each, in two groups and the direct conversations that they start."""

    def __init__(self, users: list[Person]) -> None:
        self.users = users
        alice, bob, carol = users
        self.conversations = [alice.group(bob, carol), bob.group(alice, carol, history="joined")]
        for one in (bob, carol):
            assert (
                alice.code("PATCH", f"conversations/{self.conversations[0]}/members/{one.id}/", {"role": "owner"})
                == "ok"
            )
        self.messages: list[dict[str, Any]] = [alice.write(id_, "First") for id_ in self.conversations]
        self.devices = [Device(one) for one in users for _ in range(2)]

    async def run(self, story: list[tuple[str, int, int, int, int]]) -> None:
        for device in self.devices:
            await device.connect()
        try:
            for name, *choices in story:
                await self._do(name, *choices)
            for device in self.devices:
                if device.socket is None:
                    await device.connect()
            await self._compare()
        finally:
            for device in self.devices:
                await device.disconnect()

    async def _compare(self) -> None:
        for n, one in enumerate(self.users):
            fresh = Device(one)
            await fresh.connect()
            mine = self.devices[2 * n : 2 * n + 2]
            async with asyncio.timeout(20):
                for device in (fresh, *mine):
                    await device.has_hello.wait()
            deadline = time.monotonic() + 4
            while found := [device.differs_from(fresh) for device in mine if device.differs_from(fresh)]:
                assert time.monotonic() < deadline, (one.name, found)
                await asyncio.sleep(0.02)
            await fresh.disconnect()
            await self._agrees(one, fresh)

    async def _agrees(self, one: Person, fresh: Device) -> None:
        """The counts computed from a copy equal those of the server."""
        for row in (await asyncio.to_thread(one.get, "conversations/?limit=100"))["results"]:
            copy = fresh.conversations[row["id"]]
            assert (row["unread_count"], row["mention_count"]) == copy.counts(one.id, fresh.blocked), one.name
            if row["kind"] != "direct":
                assert row["member_count"] == len(copy.members)

    async def _do(self, name: str, who: int, whom: int, where: int, what: int) -> None:
        actor, other, device = self.users[who], self.users[whom], self.devices[2 * who + what % 2]
        if name in ("disconnect", "reconnect"):
            await device.disconnect()
        if name in ("connect", "reconnect"):
            if device.socket is None:
                await device.connect()
        elif name != "disconnect":
            conversation = self.conversations[where % len(self.conversations)]
            here = [m for m in self.messages if m["conversation_id"] == conversation][-8:]
            message = here[what % len(here)] if here else {"id": self.messages[0]["id"], "seq": what}
            await asyncio.to_thread(self._ask, name, actor, other, conversation, message, what)

    def _ask(self, name: str, actor: Person, other: Person, conversation: str, message: dict, what: int) -> None:
        """One action over HTTP, which may be refused but never fails."""
        path, about = f"conversations/{conversation}/", f"messages/{message['id']}/"
        member, emoji = f"{path}members/{other.id}/", (LIKE, LOVE)[what % 2]
        if name == "invite":
            made = other.call("POST", f"{path}invites/", json={"max_uses": 1})
            if made.is_success:
                self._result_of(actor.call("POST", f"invites/{made.json()['token']}/accept/"))
            return
        method, where, body = {
            "send": ("POST", f"{path}messages/", {"content": f"Hello {what}"}),
            "answer": ("POST", f"{path}messages/", {"content": "Well", "reply_to_id": message["id"]}),
            "in_thread": ("POST", f"{path}messages/", {"content": "Below", "thread_id": message["id"]}),
            "mention": ("POST", f"{path}messages/", {"content": f"@{other.name}"}),
            "everybody": ("POST", f"{path}messages/", {"content": "@all"}),
            "edit": ("PATCH", about, {"content": f"Edited {what} @{other.name}"}),
            "delete": ("DELETE", about, None),
            "react": ("PUT", f"{about}reactions/{emoji}/", None),
            "take_back": ("DELETE", f"{about}reactions/{emoji}/", None),
            "pin": ("PUT", f"{about}pin/", None),
            "unpin": ("DELETE", f"{about}pin/", None),
            "read": ("POST", f"{path}read/", {"seq": message["seq"] + what % 3}),
            "delivered": ("POST", f"{path}delivered/", {"seq": message["seq"]}),
            "leave": ("DELETE", f"{path}members/me/", None),
            "add": ("POST", f"{path}members/", {"user_id": other.id}),
            "remove": ("DELETE", member, None),
            "ban": ("POST", f"{path}bans/", {"user_id": other.id}),
            "unban": ("DELETE", f"{path}bans/{other.id}/", None),
            "promote": ("PATCH", member, {"role": "owner" if what % 2 else "admin"}),
            "demote": ("PATCH", member, {"role": "member"}),
            "rename": ("PATCH", path, {"name": f"Room {what}", "slow_mode_seconds": int(what == 7)}),
            "read_only": ("PATCH", path, {"is_read_only": what % 4 == 0}),
            "nickname": ("PATCH", f"{path}members/me/", {"nickname": f"N{what}"}),
            "direct": ("POST", "conversations/", {"kind": "direct", "user_id": other.id}),
            "block": ("PUT", f"users/{other.id}/block/", None),
            "unblock": ("DELETE", f"users/{other.id}/block/", None),
            "end": ("DELETE", path, None) if what == 0 else ("GET", path, None),
        }[name]
        answer = self._result_of(actor.call(method, where, **({} if body is None else {"json": body})))
        if name == "direct" and answer and answer["id"] not in self.conversations:
            self.conversations.append(answer["id"])
        if answer and "client_id" in answer and method == "POST":
            self.messages.append(answer)

    def _result_of(self, answer: Any) -> Any:
        assert answer.status_code < 500, answer.text
        return answer.json() if answer.is_success and answer.content else None
