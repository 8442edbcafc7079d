"""While the database is away nobody is told that something is wrong on our side, nor that all is well."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db

PAGES = ("/admin/", "/admin/accounts/user/", "/admin/chatproject/backup/", "/admin/login/", "/api/v1/status/")


@pytest.fixture
def console(olga) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(olga)
    assert b"Overview" in browser.get("/admin/").content
    return browser


@pytest.fixture
def away(console) -> Iterator[None]:
    def refuse(*args: Any) -> None:
        raise OperationalError("couldn't get a connection") from sqlite3.OperationalError()

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_the_console_and_the_status_say_that_it_will_be_back(console, away, sign_in, path) -> None:
    for answer in (console.get(path), console.post(path)):
        assert answer.status_code in (503, 401), answer.content  # 401: the API takes no cookie
        assert "wrong on our side" not in answer.content.decode()
        assert answer.status_code == 401 or (answer.json()["code"], answer["Retry-After"]) == ("unavailable", "1")
