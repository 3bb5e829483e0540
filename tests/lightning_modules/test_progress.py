"""How far a training is, told while it runs; and whose signals stay whose."""

import dataclasses
import signal
from pathlib import Path

import pytest

from tests.lightning_modules.test_fit import fit
from tests.lightning_modules.worlds import SMALL


def test_a_training_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_modules.progress.SECONDS_BETWEEN", 0.0)
    told: list[tuple[float, str]] = []
    settings = dataclasses.replace(SMALL, inner_steps=1)
    fit(tmp_path, settings=settings, shown=lambda share, words: told.append((share, words)))
    shares = [share for share, _ in told]
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    # Two epochs of four steps: each step is an eighth, told where nothing was told a moment ago.
    assert set(shares) == {step / 8 for step in range(9)}
    assert told[0][1] == "epoch 1 of 2"
    assert told[-2][1] == "epoch 2 of 2"
    assert told[-1][1] == "2 of 2 epochs"


def test_a_resumed_training_begins_where_it_stopped(tmp_path: Path) -> None:
    fit(tmp_path, settings=SMALL)
    told: list[float] = []
    fit(tmp_path, settings=dataclasses.replace(SMALL, max_epochs=4), shown=lambda share, _: told.append(share))
    assert told[0] == 0.5
    assert told[-1] == 1.0


def test_a_termination_signal_is_not_lightnings(tmp_path: Path) -> None:
    seen = []

    def own(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, own)
    try:
        fit(tmp_path, shown=lambda *_: seen.append(signal.getsignal(signal.SIGTERM)))
        assert set(seen) == {own}
        assert signal.getsignal(signal.SIGTERM) is own
    finally:
        signal.signal(signal.SIGTERM, before)
