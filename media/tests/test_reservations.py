"""Uploads in progress count towards the quota before they have arrived."""

from datetime import timedelta

import pytest

from common.clock import now
from common.errors import Refusal
from media import services
from media.limits import MAX_INCOMING, MEGABYTE
from media.models import Arrival
from media.tests.uploads import bring

pytestmark = pytest.mark.django_db(transaction=True)


def test_uploads_in_progress_count_towards_the_quota(sign_in, alice, bob, group, settings):
    settings.UPLOAD_QUOTA_MB = 20
    for _ in range(2):
        services.begin_reservation(alice, 9 * MEGABYTE)

    with pytest.raises(Refusal) as refusal:
        services.begin_reservation(alice, 9 * MEGABYTE)

    assert refusal.value.code == "quota_exceeded"
    assert bring(sign_in(alice), group, bytes(3 * MEGABYTE)).json()["code"] == "quota_exceeded"
    assert bring(sign_in(bob), group, bytes(3 * MEGABYTE)).status_code == 201


def test_what_has_arrived_or_was_refused_takes_none(sign_in, alice, group):
    assert bring(sign_in(alice), group).status_code == 201
    assert bring(sign_in(alice), group, b"").status_code == 400

    assert not Arrival.objects.exists()


def test_what_got_lost_takes_none_for_long(alice, settings):
    settings.UPLOAD_QUOTA_MB = 1
    services.begin_reservation(alice, MEGABYTE)
    Arrival.objects.update(expires_at=now() - timedelta(seconds=1))

    services.begin_reservation(alice, MEGABYTE)

    assert Arrival.objects.count() == 1


def test_uploads_in_progress_are_limited_per_person(alice, bob):
    for _ in range(MAX_INCOMING):
        services.begin_reservation(alice, 0)

    with pytest.raises(Refusal) as refusal:
        services.begin_reservation(alice, 0)

    assert refusal.value.code == "rate_limited"
    services.begin_reservation(bob, 0)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="a%22b.txt"', 'a"b.txt'),
        ('filename="a\\"b.txt"', 'a"b.txt'),
        ('filename="Übersicht 报告.pdf"', "Übersicht 报告.pdf"),
        ("filename*=UTF-8''%C3%9Cbersicht.pdf", "Übersicht.pdf"),
        ('filename="R&amp;D.txt"', "R&amp;D.txt"),
    ],
)
def test_a_name_arrives_as_it_was_written(written, name, sign_in, alice, group):
    head = f'--frame\r\nContent-Disposition: form-data; name="conversation_id"\r\n\r\n{group.id}\r\n'
    file = f'--frame\r\nContent-Disposition: form-data; name="file"; {written}\r\n\r\ntext\r\n--frame--\r\n'

    response = sign_in(alice).post(
        "/api/v1/media/", (head + file).encode(), content_type="multipart/form-data; boundary=frame"
    )

    assert (response.status_code, response.json().get("filename")) == (201, name)
