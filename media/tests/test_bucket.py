"""Files of messages in a bucket: the same checks, and nothing is left behind."""

import httpx
import pytest

from media.models import Blob
from media.tests.files import photograph
from media.tests.uploads import bring, brought, send

pytestmark = [pytest.mark.plain, pytest.mark.django_db(transaction=True)]


def test_a_photograph_lives_and_dies_in_a_bucket(s3, sign_in, alice, bob, carol, group):
    upload = brought(sign_in(alice), group, photograph())
    message = send(sign_in(alice), group, upload).json()
    assert (upload["status"], len(s3.names())) == ("ready", Blob.objects.count())

    answer = sign_in(bob).get(upload["content_url"])
    assert answer.status_code == 302
    address = answer.headers["Location"]
    content = httpx.get(address)
    assert (content.status_code, content.headers["content-type"]) == (200, "image/jpeg")
    assert b"Secret" not in content.content
    part = httpx.get(address, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, content.content[:10])
    assert httpx.get(address.partition("?")[0]).status_code == 403
    assert sign_in(carol).get(upload["content_url"]).status_code == 404

    sign_in(alice).delete(f"/api/v1/messages/{message['id']}/")

    assert s3.names() == []
    assert httpx.get(address).status_code in (403, 404)  # the bucket tells no more than that
    assert sign_in(bob).get(upload["content_url"]).status_code == 404


def test_a_bucket_that_is_down_is_reported_and_nothing_is_stored(s3_server, s3, sign_in, alice, group, settings):
    storage = settings.STORAGES["default"]
    options = {**storage["OPTIONS"], "endpoint_url": "http://127.0.0.1:1"}
    settings.STORAGES = {**settings.STORAGES, "default": {**storage, "OPTIONS": options}}

    answer = bring(sign_in(alice), group, b"The plan")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert not Blob.objects.exists()
