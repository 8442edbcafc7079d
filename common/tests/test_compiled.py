"""Compiled queries return what their QuerySets return, and cannot be compiled with what differs between calls."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import BigIntegerField, DateTimeField, F, Value
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from accounts.models import Session, User
from common.compiled import CompiledQuery, Parameter, Parameters

pytestmark = pytest.mark.django_db


@pytest.fixture
def sessions(alice, bob) -> list[Session]:
    until = timezone.now() + timedelta(days=1)
    return [Session.objects.create(user=user, device_name=user.username, expires_at=until) for user in (alice, bob)]


def test_objects_come_with_what_was_selected_beside_them(sessions, django_assert_num_queries) -> None:
    find = CompiledQuery(lambda: Session.objects.select_related("user").filter(id=Parameter("id")))
    for session in sessions:
        with django_assert_num_queries(1):
            found = find.first(id=session.id)
            assert found == session
            assert (found.user, found.expires_at) == (session.user, session.expires_at)


def test_lists_numbers_and_times_are_passed_as_their_fields_say(sessions, alice, bob) -> None:
    @CompiledQuery
    def names():
        live = Session.objects.filter(id__in=Parameters("ids"), expires_at__gt=Parameter("now", DateTimeField()))
        return live.filter(generation=Parameter("generation", BigIntegerField())).values_list("device_name", flat=True)

    ids, now = [session.id for session in sessions], timezone.now()
    assert set(names(ids=ids, now=now, generation=0)) == {"alice", "bob"}
    assert names(ids=ids[:1], now=now, generation=0) == ["alice"]
    assert names(ids=[], now=now, generation=0) == []
    assert names(ids=ids, now=now + timedelta(days=2), generation=0) == []
    assert names(ids=ids, now=now, generation=1) == []


def test_nothing_is_remembered_between_calls(alice) -> None:
    find = CompiledQuery(lambda: User.objects.filter(username=Parameter("name", User._meta.get_field("username"))))
    assert find.first(name="alice").bio == ""
    User.objects.filter(id=alice.id).update(bio="Here")
    assert find.first(name="alice").bio == "Here"
    assert find.first(name="nobody") is None


def test_a_missing_value_is_refused(alice) -> None:
    with pytest.raises(KeyError, match="id"):
        CompiledQuery(lambda: User.objects.filter(id=Parameter("id"))).first()


def test_a_time_that_would_stay_the_same_is_refused() -> None:
    find = CompiledQuery(lambda: Session.objects.live().filter(id=Parameter("id")))
    with pytest.raises(ValueError, match="for ever"):
        find.first(id=None)


@pytest.mark.parametrize("number", [2, 0.5])
def test_a_number_that_would_stay_the_same_is_refused(number) -> None:
    with pytest.raises(ValueError, match="for ever"):
        CompiledQuery(lambda: Session.objects.filter(generation__lt=F("generation") + Value(number)))()


@pytest.mark.django_db(transaction=True)
def test_locks_need_a_transaction_every_time(alice) -> None:
    lock = CompiledQuery(lambda: User.objects.filter(id=Parameter("id")).select_for_update())
    with transaction.atomic():
        assert lock.first(id=alice.id) == alice
    with pytest.raises(TransactionManagementError):
        lock.first(id=alice.id)


def test_what_needs_further_queries_is_refused() -> None:
    with pytest.raises(ValueError, match="prefetch"):
        CompiledQuery(lambda: User.objects.prefetch_related("sessions"))()
