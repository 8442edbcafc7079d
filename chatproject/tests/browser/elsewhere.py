"""Pages of other origins: a web server that knows one page, which uses the client module of a chat server."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PAGE = """<!doctype html><meta charset="utf-8"><title>Elsewhere</title>
<script type="module">
  import {{ ChatClient }} from "{server}/static/js/chat.js";
  const chat = new ChatClient({{ base: "{server}" }});
  window.is_restored = await chat.restore().catch((error) => error.code);
  if (window.is_restored === true) chat.start();
  window.chat = chat;
</script>"""


class Elsewhere:
    """Serves its page at `origin`. To the browser `server` is the chat server."""

    def __init__(self, host: str, server: str) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(PAGE.format(server=server)))
        self.origin = f"http://{host}:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _handler(page: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode() if self.path == "/" else b"")

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
