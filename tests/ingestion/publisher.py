"""A web server on the loopback that behaves as publishers do, or badly."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Publisher:
    """Serves ``files`` by path; counts requests.

    Attributes:
        files: Body per path.
        cut: Paths whose body stops in the middle: the connection is closed.
        hung: Paths whose body stops in the middle: nothing more comes until ``go_on`` is set.

    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.hung: set[str] = set()
        self.requests: list[str] = []
        self.half_sent = threading.Event()
        self.go_on = threading.Event()
        self.address = ""

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.lstrip("/")
        self.requests.append(path)
        body = self.files.get(path)
        if body is None:
            handler.send_error(404)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        half = len(body) // 2
        handler.wfile.write(body[:half])
        handler.wfile.flush()
        self.half_sent.set()
        if path in self.cut:
            return
        if path in self.hung:
            self.go_on.wait(20)
        handler.wfile.write(body[half:])


@contextmanager
def serving() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                publisher.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client was killed, as some tests do
            finally:
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    publisher.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield publisher
    finally:
        publisher.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
