"""Hashing is expensive: few at a time, never before the limits were checked, never while holding a lock."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from accounts import hashers, services
from accounts.models import OneTime, User
from accounts.services.passwords import verify_password
from common.errors import Refusal
from conftest import PASSWORD

NEW = "another long password"


@pytest.fixture
def argon2(settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.PasswordHasher", "accounts.hashers.OldPasswordHasher"]


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """Until it is set, every thread that hashes is busy."""
    free = threading.Event()
    busy = [hashers._threads.submit(free.wait, 30) for _ in range(hashers.MAX_CONCURRENT)]
    yield free
    free.set()
    for one in busy:
        one.result()


@pytest.mark.plain
def test_some_requests_wait_and_the_others_are_refused_for_now(argon2, free):
    outcomes: list[str] = []

    def make() -> None:
        try:
            outcomes.append(make_password("x").split("$")[0])
        except Refusal as refusal:
            outcomes.append(refusal.code if refusal.retry_after else "at once")

    threads = [threading.Thread(target=make) for _ in range(40)]
    for thread in threads:
        thread.start()
    places = hashers.MAX_CONCURRENT + hashers.MAX_WAITING
    while len(outcomes) < 40 - places:
        time.sleep(0.01)
    free.set()
    for thread in threads:
        thread.join()

    assert outcomes == ["unavailable"] * (40 - places) + ["argon2"] * places


@pytest.mark.plain
def test_waiting_ends_after_a_while(argon2, free, monkeypatch):
    with monkeypatch.context() as impatient:
        impatient.setattr(hashers, "MAX_WAIT", 0.05)
        with pytest.raises(Refusal, match="unavailable"):
            make_password("x")

    free.set()
    assert make_password("x").startswith("argon2")


@pytest.mark.plain
def test_passwords_brought_along_from_elsewhere_are_right(argon2, settings):
    old = make_password(PASSWORD, hasher="pbkdf2_sha256")

    assert check_password(PASSWORD, old)
    assert not check_password("wrong", old)


class Outside(hashers.hashers.MD5PasswordHasher):
    """Refuses to hash in a transaction."""

    algorithm = "outside"
    hashes = 0

    def encode(self, password, salt):
        Outside.hashes += 1
        if connection.in_atomic_block:
            raise ImproperlyConfigured("hashed in a transaction, while others wait for its locks")
        return super().encode(password, salt)


@pytest.mark.django_db(transaction=True)
def test_no_lock_is_held_while_a_password_is_hashed(alice, mailbox, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Outside", "django.contrib.auth.hashers.MD5PasswordHasher"]

    services.register(email="bob@example.org", username="bob", password=PASSWORD)
    session = services.login(login="alice", password=PASSWORD)  # its hash is replaced by one of the new kind
    services.change_password(session, current_password=PASSWORD, new_password=NEW)
    services.resend_code(email="alice@example.org", purpose=OneTime.Purpose.RESET_PASSWORD)
    code = mailbox.code("alice@example.org")
    services.reset_password(email="alice@example.org", code=code, new_password=PASSWORD)
    alice.refresh_from_db()
    verify_password(alice, PASSWORD)
    services.request_email_change(alice, password=PASSWORD, new_email="new@example.org")
    services.request_deletion(alice, password=PASSWORD)
    services.create_person(email="carol@example.org", username="carol", password=PASSWORD)

    assert Outside.hashes >= 9


@pytest.mark.django_db(transaction=True)
def test_nor_while_an_operator_makes_somebody(olga, client, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Outside", "django.contrib.auth.hashers.MD5PasswordHasher"]
    client.force_login(olga)

    new = {"email": "bob@example.org", "username": "bob", "password": NEW}
    assert client.post("/admin/accounts/user/add/", new).status_code == 302

    assert check_password(NEW, User.objects.get(username="bob").password)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["", "10.0.0.1"])
def test_who_has_tried_too_often_costs_no_hash(settings, address):
    settings.PASSWORD_HASHERS, settings.RATE_AUTH = [f"{__name__}.Outside"], "3/m"
    Outside.hashes = 0

    def tries(again):
        for _ in range(8):
            with pytest.raises(Refusal):
                again()

    tries(lambda: services.login(login="nobody", password=PASSWORD, address=address))
    assert Outside.hashes == 6, "each costs two, whether there is somebody or not"
    tries(lambda: services.reset_password(email="x@example.org", code="1", new_password=PASSWORD, address=address))
    assert Outside.hashes == 6


@pytest.mark.django_db(transaction=True)
def test_registering_too_often_costs_no_hash(settings):
    settings.PASSWORD_HASHERS, settings.RATE_AUTH_ADDRESS = [f"{__name__}.Outside"], "3/m"
    Outside.hashes = 0

    for n in range(8):
        email, name = f"member-{n}@example.org", f"member-{n}"
        if n < 3:
            services.register(email=email, username=name, password=PASSWORD, address="10.0.0.1")
            continue
        with pytest.raises(Refusal, match="rate_limited"):
            services.register(email=email, username=name, password=PASSWORD, address="10.0.0.1")

    assert Outside.hashes == 3
