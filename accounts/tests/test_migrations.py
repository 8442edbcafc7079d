"""Upgrading an installation: pending registrations stay pending."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.keys import keyed_hash
from accounts.models import Registration, User
from common.clock import now
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

CAROL, CODE = "carol@example.org", "123456"


@pytest.fixture
def before():
    """The models of the version before, in a database of that time."""
    executor = MigrationExecutor(connection)
    executor.migrate([("accounts", "0004_registrations")])
    yield executor.loader.project_state([("accounts", "0004_registrations")]).apps.get_model
    migrate()


def migrate():
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_the_code_that_is_out_serves_and_the_password_is_kept(before, api):
    users = before("accounts.User").objects
    names = {"username": "carol", "username_key": "carol", "username_skeleton": "carol"}
    carol = users.create(**names, email=CAROL, password=make_password(PASSWORD), created_at=now())
    stand_in = {"username": "x123", "username_key": "x123", "username_skeleton": "x123"}
    users.create(**stand_in, email=None, password=make_password(PASSWORD), created_at=now())
    before("accounts.OneTime").objects.create(
        user=carol,
        purpose="verify_email",
        address=CAROL,
        secret_hash=keyed_hash("one-time", "verify_email", carol.id.hex, CAROL, CODE),
        created_at=now(),
        expires_at=now() + timedelta(minutes=5),
    )

    migrate()

    assert (User.objects.count(), Registration.objects.get().id) == (0, carol.id)
    other = {"email": "other@example.org", "username": "carol", "password": PASSWORD}
    assert api.post("/api/v1/auth/register/", other).json()["code"] == "username_taken"
    login = {"login": "carol", "password": PASSWORD}
    assert api.post("/api/v1/auth/login/", {**login, "password": "wrong"}).json()["code"] == "invalid_credentials"
    answer = api.post("/api/v1/auth/verify/", {"email": CAROL, "code": CODE})
    assert answer.json()["user"]["id"] == str(carol.id)
    assert api.post("/api/v1/auth/login/", login).status_code == 200
