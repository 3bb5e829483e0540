from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingestion.postgres import PostgresServer, running
from tests.ingestion.publisher import Publisher, serving


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def no_folders_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer keeps on the machine must not decide a test; the real cache stays in use for Ta-Feng."""
    monkeypatch.delenv("COLDCART_DATA_DIR", raising=False)
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL server of our own, on the loopback; skipped where its programs are not installed."""
    with running(tmp_path_factory) as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
