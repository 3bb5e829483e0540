"""A PostgreSQL server for tests: Debian's programs, a data folder of its own, on the loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "s3cr3t-of-the-test"
USER = "shop"


@dataclass(frozen=True)
class PostgresServer:
    port: int

    @property
    def uri(self) -> str:
        """Without the password."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def uri_with_password(self) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"


def programs() -> Path | None:
    """Folder of initdb and pg_ctl; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")
    as_user = _unprivileged()
    # Not pytest's folder: that one is closed to other users, and the path of the socket must be short.
    home = Path(tempfile.mkdtemp(prefix="coldcart-postgres-"))
    try:
        password = home / "password"
        password.write_text(PASSWORD)
        if as_user:
            subprocess.run(["chown", "-R", "postgres", str(home)], check=True)
        data, port = home / "data", _free_port()
        initialise = [
            "-D",
            str(data),
            "-U",
            USER,
            f"--pwfile={password}",
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        _run([*as_user, str(folder / "initdb"), *initialise])
        options = f"-h 127.0.0.1 -p {port} -k {home} -c fsync=off"
        control = [*as_user, str(folder / "pg_ctl"), "-D", str(data), "-w", "-t", "30"]
        _run([*control, "-l", str(home / "log"), "-o", options, "start"])
        try:
            yield PostgresServer(port)
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _unprivileged() -> list[str]:
    """The server refuses to run as root: Debian's package brings a user for it."""
    if os.geteuid() != 0:
        return []
    if shutil.which("runuser") is None or "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("PostgreSQL does not run as root, and there is no runuser or no user postgres")
    return ["runuser", "-u", "postgres", "--"]


def _run(command: Sequence[str]) -> None:
    # No pipes: the server would inherit them, and reading them would wait for its end.
    with tempfile.TemporaryFile("w+") as output:
        ran = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, cwd="/", check=False, stdin=subprocess.DEVNULL
        )
        output.seek(0)
        assert ran.returncode == 0, output.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
