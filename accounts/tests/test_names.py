"""Which usernames count as the same, across case, script and look."""

import pytest

from accounts.names import RESERVED, skeleton
from common.errors import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.plain]

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
LOOK_ALIKES += [("علی\u200cرضا", "علیرضا"), ("मोहित", "मो\u200cहित")]  # with and without a joiner
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

    body = {"email": "carol@example.org", "username": second, "password": "correct horse battery"}
    answer = api.post("/api/v1/auth/register/", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_what_only_resembles_it_is_not(person, first, second):
    person(first, email="holder@example.org")

    assert person(second, email="other@example.org").username == second


def test_alice_may_write_her_own_name_otherwise(sign_in, alice):
    assert sign_in(alice).patch("/api/v1/users/me/", {"username": "A1ICE"}).json()["username"] == "A1ICE"


@pytest.mark.parametrize("name", ["\u0430dmin", "adrnin", "ADM1N", "ADMlN", "r00t", "\u0455ystem", "Everyone"])
def test_a_look_alike_of_a_reserved_name_is_refused(person, name):
    with pytest.raises(Refusal, match="reserved"):
        person(name, email="other@example.org")


def test_the_skeleton_fits_its_column():
    assert all(len(skeleton(name)) < 40 for name in RESERVED)
    assert len(skeleton("\u33c2" * 32)) <= 255


SPELLED = [
    "मोहित",
    "สมหญิง",
    "செல்வன்",
    "علی\u200cرضا",
    "jose\u0301",
    "ខ្មែរ",
    "ဗမာစာ",
    "nguyễn",
    "李小龙",
    "ⵣⵉⵔⵉ",
    "𞤀𞤣𞤤𞤢𞤥",
]
MISSPELLED = ["bo\u200bb", "bo\u200db", "bo\u202eb", "bob\u3164", "bo\ufe0fb", "bob\U000e0041", "bob\u2800", "bob🩷"]
MISSPELLED += ["\u0301bob", "bob_\u0301", "bo b", "bo\nb", "bo\u0310\u0311\u0312\u0313\u0314b", "bob@x", "_bob"]


@pytest.mark.parametrize("name", SPELLED)
def test_names_are_spelled_as_their_script_spells_them(api, name):
    body = {"email": "carol@example.org", "username": name, "password": "correct horse battery"}
    assert api.post("/api/v1/auth/register/", body).status_code == 201


@pytest.mark.parametrize("name", MISSPELLED, ids=ascii)
def test_invisible_characters_and_piled_marks_are_refused(person, name):
    with pytest.raises(Refusal, match="invalid"):
        person(name, email="other@example.org")
