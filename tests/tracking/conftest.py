import pytest

from tasks.runs import Home
from tasks.tracking import TrackingSettings


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One store for all tests: making its tables takes seconds."""
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)


@pytest.fixture
def settings() -> TrackingSettings:
    return TrackingSettings()
