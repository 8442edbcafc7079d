"""Whether time tells who is known: asks for known and unknown addresses in turn and compares the medians.

python -m bench.uniform [--pairs 300] [--mail files server]
"""

import argparse
import contextlib
import itertools
import socketserver
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from chatproject.tests.server import Server

PASSWORD = "correct horse battery"
KNOWN = "alice@example.org"
PLENTY = dict.fromkeys(("RATE_AUTH", "RATE_AUTH_ADDRESS", "RATE_OTP", "RATE_REQUESTS"), "1000000/s")
BUDGET_MS = 10
_numbers = itertools.count()


def _register(email: str) -> dict[str, str]:
    return {"email": email, "username": f"somebody-{next(_numbers)}", "password": PASSWORD}


ASKED: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "register": ("auth/register/", _register),
    "verify, wrong code": ("auth/verify/", lambda email: {"email": email, "code": "000000"}),
    "login, wrong password": ("auth/login/", lambda email: {"login": email, "password": "wrong"}),
    "resend": ("auth/otp/resend/", lambda email: {"email": email, "purpose": "reset_password"}),
    "reset": ("auth/password/reset/", lambda email: {"email": email}),
    "reset, wrong code": (
        "auth/password/reset/confirm/",
        lambda email: {"email": email, "code": "000000", "new_password": PASSWORD},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--mail", nargs="+", choices=("files", "server"), default=["files", "server"])
    options = parser.parse_args()
    print("| mail | asked | known ms | unknown ms | difference ms | statuses |\n| --- | --- | --- | --- | --- | --- |")
    for mail in options.mail:
        with mail_server() as port:
            env = {**PLENTY, **({"EMAIL_URL": f"smtp://127.0.0.1:{port}"} if mail == "server" else {})}
            with Server(env=env) as server:
                made = server.run(
                    "create_operator", f"--email={KNOWN}", "--username=alice", "--password-stdin", input=PASSWORD
                )
                assert made.returncode == 0, made.stderr
                for asked in ASKED:
                    print(f"| {mail} | {asked} | {row(server, asked, options.pairs)} |", flush=True)


def row(server: Server, asked: str, pairs: int) -> str:
    """The medians for known and unknown, and all statuses that were answered."""
    path, body = ASKED[asked]
    took: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    with httpx.Client(base_url=f"{server.url}/api/v1/", timeout=30) as client:
        for n in range(pairs + 5):
            for is_known in (True, False) if n % 2 else (False, True):
                email = KNOWN if is_known else f"nobody-{next(_numbers)}@example.org"
                began = time.perf_counter()
                statuses.add(client.post(path, json=body(email)).status_code)
                if n >= 5:
                    took[is_known].append((time.perf_counter() - began) * 1000)
    known, unknown = (statistics.median(took[is_known]) for is_known in (True, False))
    verdict = "" if abs(known - unknown) <= BUDGET_MS else " (too much)"
    return f"{known:.1f} | {unknown:.1f} | {known - unknown:+.1f}{verdict} | {sorted(statuses)}"


class TakesAll(socketserver.StreamRequestHandler):
    """A mail server's side of one connection: it takes everything, 20 ms a mail."""

    ANSWERS = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                word = line[:4].upper()
                self.wfile.write(self.ANSWERS.get(word, b"250 fine") + b"\r\n")
                if word == b"DATA":
                    self._take_mail()

    def _take_mail(self) -> None:
        for line in self.rfile:
            if line == b".\r\n":
                break
        time.sleep(0.02)
        self.wfile.write(b"250 taken\r\n")


@contextmanager
def mail_server() -> Iterator[int]:
    """A mail server on this machine; its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), TakesAll) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


if __name__ == "__main__":
    main()
