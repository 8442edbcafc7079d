"""What people type has several spellings: on a phone, with another keyboard, with spaces from autocompletion."""

import io
import unicodedata

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.test import Client as Browser

from accounts import services
from accounts.models import User
from accounts.typed_input import canonical_password, code_digits
from common.errors import Refusal
from conftest import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.plain]

COMPOSED = "gar schöne Größe"
TYPED = [COMPOSED, unicodedata.normalize("NFD", COMPOSED), "gar\u00a0schöne\u3000Größe"]
AUTH = "/api/v1/auth/"


def login(api, password, login="alice"):
    return api.post(f"{AUTH}login/", {"login": login, "password": password})


@pytest.mark.parametrize("chosen", TYPED)
def test_a_password_opens_however_it_is_typed(api, person, chosen):
    person("alice", password=chosen)

    assert [login(api, typed).status_code for typed in TYPED] == [200, 200, 200]
    assert login(api, COMPOSED.replace("ö", "o")).status_code == 401


@pytest.mark.parametrize("chosen", TYPED)
def test_a_password_is_accepted_in_every_spelling(api, alice, sign_in, mailbox, chosen):
    client = sign_in(alice)
    change = {"current_password": PASSWORD, "new_password": chosen}
    assert client.post(f"{AUTH}password/change/", change).status_code == 200
    assert login(api, TYPED[0]).status_code == 200

    api.post(f"{AUTH}password/reset/", {"email": "alice@example.org"})
    confirm = {"email": "alice@example.org", "code": mailbox.code("alice@example.org"), "new_password": f"{chosen}!"}
    assert api.post(f"{AUTH}password/reset/confirm/", confirm).status_code == 200
    assert [login(api, f"{typed}!").status_code for typed in TYPED] == [200, 200, 200]


@pytest.mark.parametrize("kept", TYPED[1:])
def test_one_that_an_earlier_version_kept_as_it_was_typed_still_opens(api, alice, kept):
    User.objects.filter(id=alice.id).update(password=make_password(kept))
    assert login(api, COMPOSED).status_code == 401, "this is not how it was kept"

    assert login(api, kept).status_code == 200

    assert [login(api, typed).status_code for typed in TYPED] == [200, 200, 200], "now it is"


def test_what_a_password_must_be_is_asked_of_its_canonical_form(api):
    decomposed = unicodedata.normalize("NFD", "äöüäö")
    assert len(decomposed) >= 8

    answer = api.post(f"{AUTH}register/", {"email": "d@example.org", "username": "carol", "password": decomposed})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "password")


def test_the_console_takes_every_spelling_too(olga):
    for kept, typed in ((COMPOSED, TYPED[1]), (TYPED[1], TYPED[1])):
        User.objects.filter(id=olga.id).update(password=make_password(kept))
        answer = Browser().post("/admin/login/?next=/admin/", {"username": " Olga ", "password": typed})
        assert answer.status_code == 302


@pytest.mark.parametrize(
    "spelling",
    [
        "{}{}{} {}{}{}",
        " {}{}{}{}{}{}\n",
        "{}{}{}-{}{}{}",
        "{}\u2009{}\u00a0{}\u3000{} {} {}",
        "\ufeff\u202a{}{}{}\u2013{}{}{}\u202c",
    ],
)
@pytest.mark.parametrize("digits", ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"])
def test_a_code_counts_with_blanks_and_in_the_digits_of_any_script(api, alice, mailbox, spelling, digits):
    api.post(f"{AUTH}password/reset/", {"email": "alice@example.org"})
    typed = spelling.format(*(digits[int(digit)] for digit in mailbox.code("alice@example.org")))
    assert len(typed) > 6

    confirm = {"email": "alice@example.org", "code": typed, "new_password": "a newer horse battery"}
    assert api.post(f"{AUTH}password/reset/confirm/", confirm).status_code == 200


def test_other_characters_in_a_code_stay_wrong():
    assert code_digits("12a45½ ²") == "12a45½²"
    assert canonical_password(" a\tb ") == " a\tb ", "blanks at the ends belong to a password"


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u3000", "\n"])
def test_blanks_around_a_name_or_an_address_count_nowhere(api, alice, mailbox, blank):
    address, name = f"{blank}Alice@example.org{blank}", f"{blank}Alice{blank}"
    assert [login(api, PASSWORD, typed).status_code for typed in (address, name)] == [200, 200]

    api.post(f"{AUTH}password/reset/", {"email": address})
    confirm = {"email": address, "code": mailbox.code("alice@example.org"), "new_password": PASSWORD}
    assert api.post(f"{AUTH}password/reset/confirm/", confirm).status_code == 200

    new = {"email": f"{blank}carol@example.org{blank}", "username": f"{blank}carol{blank}", "password": PASSWORD}
    assert api.post(f"{AUTH}register/", new).status_code == 201
    assert api.post(f"{AUTH}otp/resend/", {"email": new["email"]}).status_code == 202
    verify = {"email": new["email"], "code": mailbox.code("carol@example.org")}
    assert api.post(f"{AUTH}verify/", verify).json()["user"]["username"] == "carol"


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u202a"])
def test_invisible_characters_around_an_address_are_ignored(api, alice, mailbox, unseen):
    assert login(api, PASSWORD, f"{unseen}alice@example.org{unseen}").status_code == 200

    new = {"email": f"{unseen}carol@example.org", "username": "carol", "password": PASSWORD}
    assert api.post(f"{AUTH}register/", new).status_code == 201
    verify = {"email": "carol@example.org", "code": mailbox.code("carol@example.org")}
    assert api.post(f"{AUTH}verify/", verify).status_code == 200


@pytest.mark.parametrize("blank", [" ", "\u3000"])
def test_nor_in_commands(alice, blank):
    for user in (f"{blank}alice{blank}", f"{blank}alice@example.org{blank}"):
        out = io.StringIO()
        call_command("end_sessions", user, stdout=out)
        assert out.getvalue().startswith("alice:")


def test_attempts_with_blanks_count_to_the_same_name(alice, settings):
    settings.RATE_AUTH = "3/m"
    answers = []
    for typed in ("alice", " alice", "alice ", "\tALICE"):
        with pytest.raises(Refusal) as refusal:
            services.login(login=typed, password="wrong")
        answers.append(refusal.value.code)

    assert answers == ["invalid_credentials"] * 3 + ["rate_limited"]
