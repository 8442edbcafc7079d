"""Clients who read over HTTP, each as soon as it has its answer, until standard input ends. Prints one JSON object.

python -m bench.readers http://127.0.0.1:8000/api/v1/sync/ --people FILE --clients 2
"""

import argparse
import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("url")
    parser.add_argument("--people", type=Path, required=True, help="what bench.seed made: a token for each client")
    parser.add_argument("--clients", type=int, default=1)
    options = parser.parse_args()
    tokens = json.loads(options.people.read_text())["tokens"][: options.clients]
    took: list[float] = []
    for token in tokens:
        threading.Thread(target=keep_reading, args=(options.url, token, took), daemon=True).start()
    sys.stdin.read()
    print(json.dumps({"reads": len(took), "read_p50_ms": statistics.median(took) * 1e3 if took else 0}))


def keep_reading(url: str, token: str, took: list[float]) -> None:
    with suppress(OSError):  # the server has stopped
        for seconds, _ in reads(url, token):
            took.append(seconds)


def reads(url: str, token: str) -> Iterator[tuple[float, int]]:
    """Read again and again over one connection, as a client that accepts compressed answers: the seconds each took,
    and the bytes of its body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
    while True:
        began = time.monotonic()
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, answer.status
        yield time.monotonic() - began, len(body)


if __name__ == "__main__":
    main()
