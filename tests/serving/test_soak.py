"""The soak of ``benchmarks/soak.py``, shortened: two changes of the model and a kill -9 under mixed traffic."""

from pathlib import Path

import pytest

from benchmarks.soak import soak
from tests.model_format.models import block_model


@pytest.mark.slow
def test_nothing_is_wrong_or_lost(tmp_path: Path) -> None:
    block_model().save(tmp_path / "model")
    seen, lost, _ = soak(tmp_path / "model", tmp_path, seconds=4, rate=80)
    assert seen.wrong == []
    assert lost == 0
    assert set(seen.models) == {"version 1", "version 2", "version 3"}
    assert seen.answers.keys() == {"recommend", "events", "rerank", "explain", "items"}
    assert sum(len(ids) for ids in seen.accepted.values()) > 20
