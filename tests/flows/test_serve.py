"""``python -m flows.serve`` as a process: what it confirmed survives its sudden end, and it ends when asked."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from flows.serve import token
from tasks.config import load_settings
from tasks.errors import ConfigError
from tasks.runs.home import REPOSITORY
from tasks.serving.settings import ServeSettings
from tests.flows.commands import command
from tests.model_format.models import block_model


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(home: Path, run: Path, *words: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    port, log = free_port(), home / "serve.log"
    home.mkdir(exist_ok=True)
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.serve", f"model={run}", f"port={port}", *words],
            cwd=REPOSITORY,
            env={**os.environ, "COLDCART_HOME": str(home)},
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    patience = time.monotonic() + 200
    try:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < patience, log.read_text()
            try:
                if client.get("/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        yield client, process
    finally:
        client.close()
        process.kill()
        process.wait()


@pytest.mark.slow
def test_an_event_answered_2xx_is_there_after_kill_9(tmp_path: Path) -> None:
    run, home = tmp_path / "run", tmp_path / "home"
    block_model().save(run / "model")
    body = {"events": [{"user_id": "anna", "item_id": "item4", "event_id": "click"}]}
    with serving(home, run) as (api, process):
        before = api.post("/v1/recommend", json={"user_id": "anna"}).json()
        assert api.post("/v1/events", json=body).json()["accepted"] == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    with serving(home, run, "reload_seconds=1") as (api, process):
        after = api.post("/v1/recommend", json={"user_id": "anna"}).json()
        assert (before["known_events"], after["known_events"]) == (0, 1)
        assert after["model"] == "run"
        assert api.post("/v1/events", json=body).json()["duplicates"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert "Traceback" not in (home / "serve.log").read_text()


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no folder" in command("serve", "model=nowhere").error
    assert "port" in command("serve", "model=nowhere", "port=0").error
    assert "events_per_user" in command("serve", "model=nowhere", "state.events_per_user=0").error
    assert "COLDCART_SERVE_TOKEN" in command("serve", "model=nowhere", "host=0.0.0.0").error
    monkeypatch.setenv("COLDCART_SERVE_TOKEN", "short")
    assert "at least 16" in command("serve", "model=nowhere").error
    assert "cannot be read" in command("serve", "model=nowhere", f"token_file={tmp_path / 'none'}").error


def test_the_token_comes_from_file_or_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def of(*words: str) -> str | None:
        return token(load_settings(ServeSettings, "serve", ["model=x", *words]))

    assert of() is None
    monkeypatch.setenv("COLDCART_SERVE_TOKEN", "from the environment")
    assert of("host=0.0.0.0") == "from the environment"
    file = tmp_path / "token"
    file.write_text("a token from a file\n")
    assert of(f"token_file={file}") == "a token from a file"
    file.write_text("ü" * 20)
    with pytest.raises(ConfigError, match="ASCII"):
        of(f"token_file={file}")


def test_settings_compose() -> None:
    words = ["model=models:/coldcart-ta_feng@champion", "train=ta_feng", "arms={a: 1, b: 3}", "limits.burst=5"]
    settings = load_settings(ServeSettings, "serve", [*words, 'train_overrides=["experiment=demo"]'])
    assert settings.arms == {"a": 1, "b": 3}
    assert settings.train_overrides == ("experiment=demo",)
    assert (settings.limits.burst, settings.state.events_per_user) == (5, 500)
