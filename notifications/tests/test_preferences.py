"""Notification preferences."""

import pytest

pytestmark = [pytest.mark.plain, pytest.mark.django_db]

URL = "/api/v1/notifications/preferences/"
DEFAULTS = {"notify": "all", "reactions": True, "quiet_hours": None, "time_zone": "UTC", "language": None}


def test_what_is_named_changes_and_the_rest_stays(sign_in, alice, bob) -> None:
    client = sign_in(alice)
    assert client.get(URL).json() == DEFAULTS

    quiet = {"from": "22:00", "until": "07:30"}
    changed = client.patch(URL, {"quiet_hours": quiet, "time_zone": "Europe/Berlin"}).json()
    again = client.patch(URL, {"notify": "mentions", "reactions": False}).json()

    assert changed == DEFAULTS | {"quiet_hours": quiet, "time_zone": "Europe/Berlin"}
    assert again == changed | {"notify": "mentions", "reactions": False} == client.get(URL).json()
    assert client.patch(URL, {"quiet_hours": None}).json() == again | {"quiet_hours": None}
    assert sign_in(bob).get(URL).json() == DEFAULTS


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"notify": "some"}, "notify"),
        ({"reactions": "yes"}, "reactions"),
        ({"quiet_hours": {"from": "22:00"}}, "quiet_hours.until"),
        ({"quiet_hours": {"from": "24:00", "until": "07:00"}}, "quiet_hours.from"),
        ({"quiet_hours": {"from": "07:00", "until": "07:00"}}, "quiet_hours"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"language": "Deutsch!"}, "language"),
        ({"language": "de_AT"}, "language"),
        ({"language": "de-"}, "language"),
        ({"language": "d"}, "language"),
        ({"language": ""}, "language"),
        ({"language": "de\n\n"}, "language"),
        ({"language": "de" + "-abcdefgh" * 4}, "language"),
        ({"language": 1}, "language"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(sign_in, alice, body, field) -> None:
    client = sign_in(alice)

    answer = client.patch(URL, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == field
    assert client.get(URL).json() == DEFAULTS


def test_browsers_learn_the_key_they_subscribe_with(sign_in, alice, settings) -> None:
    settings.FIREBASE_CREDENTIALS = {}

    answer = sign_in(alice).get("/api/v1/notifications/push/").json()

    assert answer["providers"] == ["webpush"]
    assert len(answer["vapid_public_key"]) == 87
