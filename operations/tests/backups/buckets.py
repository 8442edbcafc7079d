"""Buckets that do not work: `places()` are settings of `BACKUP_URL` for each way in which one may fail."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chatproject.tests.server import free_port
from media.tests.s3 import KEY

REFUSED = b"<?xml version='1.0'?><Error><Code>InvalidAccessKeyId</Code><Message>No such key</Message></Error>"
WAYS = {
    "away": "does not answer",
    "refusing": "refuses the key",
    "missing": "does not exist",
    "slow": "does not answer",
}
"""What is said of each."""


@contextmanager
def failing(way: str, s3_server: str) -> Iterator[str]:
    """The address of a bucket that fails in this way."""
    match way:
        case "away":
            yield _url(f"127.0.0.1:{free_port()}")
        case "missing":
            yield _url(s3_server, "no-such-bucket")
        case "refusing":
            with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
                threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
                yield _url(f"127.0.0.1:{server.server_address[1]}")
                server.shutdown()
        case "slow":
            with socket.create_server(("127.0.0.1", 0)) as listening:  # takes connections, and says nothing
                yield _url(f"127.0.0.1:{listening.getsockname()[1]}")


def _url(host: str, bucket: str = "backups") -> str:
    return f"s3://{KEY}:secret@{host}/{bucket}?tls=no&prefix=chat"


class _Refusing(BaseHTTPRequestHandler):
    """Refuses the key, whatever is asked."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", str(len(REFUSED)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(REFUSED)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 (so they are called)

    def log_message(self, *args: object) -> None:
        """Nothing is said on the terminal."""
