"""A Prefect API server for the length of one command, run by ``flows.orchestration``.

It prints the port it took as its first and only line, once it answers, and ends with the process that started it.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time

import uvicorn

PARENT_POLL_SECONDS = 1.0
SHUTDOWN_SECONDS = 5


class _Announcing(uvicorn.Server):
    """Says where it listens once start-up, migrations included, is done."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if sockets and not self.should_exit:
            print(sockets[0].getsockname()[1], flush=True)


def main(parent: int) -> None:
    """Serve until a signal comes or process ``parent`` is gone."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from prefect.server.api.server import create_app

    config = uvicorn.Config(
        create_app(ephemeral=True, final=True),
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    asyncio.run(_Announcing(config).serve(sockets=[listener]))


def _end_with(parent: int) -> None:
    """An orphan would keep the database open for ever: a parent that was killed cannot stop its server."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2 * SHUTDOWN_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
