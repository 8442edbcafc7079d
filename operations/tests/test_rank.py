"""Nobody of the staff acts on somebody of their own rank, or of a higher one."""

import inspect
from collections.abc import Callable

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.models import User
from common.errors import Refusal
from common.models import AuditEntry
from messaging.models import Report
from messaging.moderation import services as moderation
from operations.personal_export.create import request_export_of

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]

ACTS: dict[str, Callable[[User, User], object]] = {
    "appoint": lambda actor, user: accounts.appoint(actor, user, group=""),
    "change_profile_of": lambda actor, user: accounts.change_profile_of(actor, user, bio="What others wrote"),
    "end_session_of": lambda actor, user: accounts.end_session_of(actor, accounts.open_session(user)),
    "end_sessions_of": accounts.end_sessions_of,
    "request_deletion_of": accounts.request_deletion_of,
    "resend_code_to": lambda actor, user: accounts.resend_code_to(actor, user, purpose="reset_password"),
    "restore": accounts.restore,
    "suspend": accounts.suspend,
}
"""What operators do with somebody, by the name of the service."""
BESIDES: dict[str, Callable[[User, User], object]] = {
    "request_export_of": lambda actor, user: request_export_of(actor, user, reason="Asked"),
    **{
        f"decide: {decision}": lambda actor, user, decision=decision: moderation.decide_report(
            actor, report_id=Report.objects.get(person=user).id, decision=decision
        )
        for decision in ("warned", "banned")
    },
}
RANKS = ["member", "moderator", "operator", "superuser"]


@pytest.fixture
def ranks(alice, bob, carol, olga, person) -> dict[str, tuple[User, User]]:
    """Two people of each rank."""
    people = {
        "member": (alice, person("alice2")),
        "moderator": (bob, person("bob2")),
        "operator": (carol, person("carol2")),
        "superuser": (olga, person("olga2", is_operator=True)),
    }
    for rank, group in (("moderator", "Moderators"), ("operator", "Operators")):
        for user in people[rank]:
            accounts.appoint(olga, user, group=group)
    return {rank: tuple(User.objects.get(pk=user.pk) for user in pair) for rank, pair in people.items()}


def test_every_service_by_which_operators_act_on_people_is_tried_here() -> None:
    found = {
        name
        for name in accounts.__all__
        if inspect.isfunction(act := getattr(accounts, name))
        and next(iter(inspect.signature(act).parameters), "") in ("operator", "actor")
        and {"user", "owner", "session"} & inspect.signature(act).parameters.keys()
    }
    assert found - {"outranks", "refuse_unless_outranks", "block", "unblock"} == ACTS.keys()


@pytest.mark.parametrize("name", [*ACTS, *BESIDES])
def test_nobody_acts_on_their_own_rank_or_a_higher_one(name, ranks, person) -> None:
    act = {**ACTS, **BESIDES}[name]
    witness = person("witness")
    for rank in RANKS:
        moderation.report_user(witness, user_id=ranks[rank][1].id, reason="spam")
    AuditEntry.objects.all().delete()

    for at, rank in enumerate(RANKS[1:], start=1):
        for above in RANKS[at:]:
            with pytest.raises(Refusal, match="permission_denied"):
                act(ranks[rank][0], ranks[above][1])

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", [name for name in [*ACTS, *BESIDES] if name not in ("appoint", "resend_code_to")])
def test_who_stands_above_may(name, ranks, person) -> None:
    act = {**ACTS, **BESIDES}[name]
    subject = ranks["moderator"][1]
    moderation.report_user(person("witness"), user_id=subject.id, reason="spam")
    if name == "restore":
        accounts.suspend(ranks["superuser"][0], subject)
    AuditEntry.objects.all().delete()

    act(ranks["operator"][0], subject)

    assert AuditEntry.objects.exists()


def test_a_suspended_operator_is_still_one(ranks) -> None:
    operator = ranks["operator"][1]
    accounts.suspend(ranks["superuser"][0], operator)

    with pytest.raises(Refusal, match="permission_denied"):
        accounts.restore(ranks["moderator"][0], User.objects.get(pk=operator.pk))


def test_a_report_about_a_colleague_may_be_dismissed_and_no_more(ranks, person) -> None:
    report = moderation.report_user(person("witness"), user_id=ranks["moderator"][1].id, reason="spam")

    assert (
        moderation.decide_report(ranks["moderator"][0], report_id=report.id, decision="dismissed").decision
        == "dismissed"
    )


def test_the_console_offers_no_form_for_who_stands_above(ranks) -> None:
    client = Client()
    client.force_login(ranks["operator"][0])
    superuser, member = ranks["superuser"][1], ranks["member"][1]

    for user, code in ((superuser, 403), (member, 302)):
        form = {"full_name": "Somebody", "bio": "What others wrote"}
        assert client.post(f"/admin/accounts/user/{user.id}/change/", form).status_code == code

    assert list(User.objects.filter(bio="What others wrote")) == [member]
    assert AuditEntry.objects.filter(action="person.change").get().facts == {"changed": ["bio", "full_name"]}
