"""How long the console's pages take with many messages and people.

python -m bench.console [--messages 1000000] [--people 100000] [--database postgres sqlite]

Prints a Markdown table: the median and the slowest of some requests in the server's process, without a network.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from bench.databases import POSTGRES
from bench.reading import fill
from chatproject.tests.server import ROOT, Server

URLS = {"postgres": f"{POSTGRES}/postgres", "sqlite": ""}
ROUNDS = 15
PAGES = {
    "first page": "/admin/",
    "report queue": "/admin/messaging/report/",
    "messages": "/admin/messaging/message/",
    "messages of a person": "/admin/messaging/message/?q=reader-3",
    "messages of who wrote none": "/admin/messaging/message/?q=crowd-999",
    "people": "/admin/accounts/user/",
    "people by a part of the name": "/admin/accounts/user/?q=crowd-999",
    "conversations": "/admin/conversations/conversation/",
    "sign-ins": "/admin/accounts/session/",
    "sign-ins of a person": "/admin/accounts/session/?q=crowd-999",
    "reports about a person": "/admin/messaging/report/?q=crowd-999",
    "audit log": "/admin/common/auditentry/",
    "audit log about a person": "/admin/common/auditentry/?q=crowd-999",
    "status/ as JSON": "/api/v1/status/",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--database", nargs="+", choices=tuple(URLS), default=list(URLS))
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.messages, options.people)
        return
    print("| database | page | median ms | slowest ms |\n| --- | --- | --- | --- |")
    for database in options.database:
        server = Server(env={"DATABASE_URL": URLS[database], "LOG_LEVEL": "ERROR", "ACCESS_TOKEN_MINUTES": "600"})
        try:
            command = [sys.executable, "-m", "bench.console", "--measure"]
            command += [f"--messages={options.messages}", f"--people={options.people}"]
            done = subprocess.run(command, cwd=ROOT, env=server.env, stdout=subprocess.PIPE, check=True, text=True)
            for page, (median, slowest) in json.loads(done.stdout.splitlines()[-1]).items():
                print(f"| {database} | {page} | {median:.0f} | {slowest:.0f} |", flush=True)
        finally:
            server.close()


def measure(count: int, size: int) -> None:
    """Fill the database of this process, and print what each page took."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    django.setup()
    from django.test import Client

    from accounts import services, tokens
    from accounts.services.people import create_person

    fill(count)
    crowd(size)
    olga = create_person(email="olga@example.org", username="olga", password="correct horse 7", is_operator=True)
    client = Client(
        SERVER_NAME="localhost", HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(services.open_session(olga))}"
    )
    client.force_login(olga)
    took: dict[str, tuple[float, float]] = {}
    for page, path in PAGES.items():
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.content[:500])
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            client.get(path)
            times.append((time.perf_counter() - began) * 1000)
        took[page] = statistics.median(times), max(times)
    print(json.dumps(took))


def crowd(size: int) -> None:
    """People with a sign-in each, a thousand open reports, and as many entries in the audit log."""
    from django.db import connection

    from accounts.models import Session, User
    from bench.seed import people
    from common import audit
    from common.clock import now
    from messaging.models import Message, Report
    from operations import heartbeat

    moment = now()
    users: list[Any] = people("crowd", size)
    Session.objects.bulk_create(
        (Session(user=user, expires_at=moment + timedelta(days=30)) for user in users), batch_size=1000
    )
    found = Message.objects.order_by("-id")[:1000]
    Report.objects.bulk_create(
        Report(reporter=user, message=one, person_id=one.sender_id, about_id=one.id, reason="spam")
        for user, one in zip(users, found, strict=False)
    )
    for user in users[:1000]:
        audit.record("person.suspend", actor_id=None, subject="person", subject_id=user.id, reason="spam")
    heartbeat.count_messages_by_hour()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert User.objects.count() >= size


if __name__ == "__main__":
    main()
