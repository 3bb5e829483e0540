"""The service around a model of the block world, in this process."""

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from flows.serving.app import create_app
from flows.serving.metrics import Metrics
from flows.serving.service import Service
from tasks.serving.exposure import Pseudonyms
from tasks.serving.served_model import ServedModel
from tasks.serving.settings import LimitSettings, ServeSettings
from tasks.serving.state import StateStore

UNLIMITED = LimitSettings(requests_per_second=0)


def service(folder: Path, served: ServedModel, **settings: Any) -> Service:
    chosen = dataclasses.replace(
        ServeSettings("models:/coldcart-shop@champion", limits=UNLIMITED, segments=3), **settings
    )
    store = StateStore(f"sqlite:///{folder / 'state.db'}", chosen.state.events_per_user, chosen.state.cached_users)
    return Service(chosen, served, store, Pseudonyms.of(folder / "key"), Metrics())


@contextmanager
def client(folder: Path, served: ServedModel, token: str | None = None, **settings: Any) -> Iterator[TestClient]:
    app = create_app(service(folder, served, **settings), token)
    with TestClient(app, raise_server_exceptions=False) as opened:
        yield opened


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """The application behind a real server on a free port: its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        patience = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < patience
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
