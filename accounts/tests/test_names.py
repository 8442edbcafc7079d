"""Which usernames are the same: whatever their case, script and look."""

import pytest

from accounts.names import RESERVED, skeleton
from chatproject.common.errors import Refusal

pytestmark = pytest.mark.django_db

LOOK_ALIKES = [
    ("paypal", "p\u0430ypal"),  # Cyrillic
    ("paypal", "PAYPA1"),
    ("paypal", "\uff50aypal"),  # full width
    ("modern", "rnodern"),
    ("ian_1", "ian_l"),
    ("Ian", "lan"),
    ("scope", "\u0455\u0441\u043e\u0440\u0435"),
    ("alpha", "\u03b1lpha"),
    ("straße", "STRASSE"),
]
DIFFERENT = [("anna", "anne"), ("elan", "élan"), ("ian", "lan"), ("bob", "bob_"), ("a.bc", "abc"), ("vvow", "wow")]


@pytest.mark.parametrize(("first", "second"), LOOK_ALIKES)
def test_a_look_alike_of_an_existing_name_is_taken(person, sign_in, alice, first, second):
    person(first, email="holder@example.org")

    with pytest.raises(Refusal, match="username_taken"):
        person(second, email="other@example.org")
    assert sign_in(alice).patch("/api/v1/users/me/", {"username": second}).json()["code"] == "username_taken"


@pytest.mark.parametrize(("first", "second"), LOOK_ALIKES)
def test_registering_refuses_it_as_well(person, api, first, second):
    person(first, email="holder@example.org")

    body = {"email": "dave@example.org", "username": second, "password": "correct horse battery"}
    answer = api.post("/api/v1/auth/register/", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_only_resembles_it_is_not(person, first, second):
    person(first, email="holder@example.org")

    assert person(second, email="other@example.org").username == second


def test_alice_may_write_her_own_name_otherwise(sign_in, alice):
    assert sign_in(alice).patch("/api/v1/users/me/", {"username": "A1ICE"}).json()["username"] == "A1ICE"


@pytest.mark.parametrize("name", ["\u0430dmin", "adrnin", "ADM1N", "ADMlN", "r00t", "\u0455ystem", "Everyone"])
def test_nobody_looks_like_a_reserved_name(person, name):
    with pytest.raises(Refusal, match="reserved"):
        person(name, email="other@example.org")


def test_the_skeleton_fits_its_column():
    assert all(len(skeleton(name)) < 40 for name in RESERVED)
    assert len(skeleton("\u33c2" * 32)) <= 255
