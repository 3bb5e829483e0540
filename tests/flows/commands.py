"""Commands as they are typed, run in this process: importing torch for each of them would take minutes."""

import contextlib
import importlib
import io
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from flows.arguments import start
from flows.environment import LOGGERS

QUICK = (
    "trainer=smoke",
    "trainer.min_steps=2",
    "network.item_dimensions=8",
    "network.width=16",
    "baselines=[popularity]",
    "metrics=[ndcg,hit_rate]",
)
"""Small networks, few steps, few figures."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line on what was wrong; log lines before it begin with a date."""
        *before, last = self.err.splitlines()
        assert self.code == 1, self.err
        assert last.startswith("error: "), self.err
        assert all(line[:2] == "20" for line in before), self.err
        assert "Traceback" not in self.err
        assert "unexpected" not in last
        return last.removeprefix("error: ")


def command(flow: str, *arguments: object) -> Ended:
    """Run ``python -m flows.<flow>`` with these arguments, without starting a Python for it."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level, code = list(root.handlers), root.level, 0
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    main = importlib.import_module(f"flows.{flow}").main
    argv = [f"flows/{flow}.py", *map(str, arguments)]
    try:
        with (
            mock.patch.object(sys, "argv", argv),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            start(main)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, own in levels.items():
            logging.getLogger(name).setLevel(own)
        logging.captureWarnings(False)
    return Ended(code, out.getvalue(), err.getvalue())


def run_folder(ended: Ended) -> Path:
    """The run folder that a finished training names."""
    assert ended.code == 0, ended.err
    (line,) = [line for line in ended.out.splitlines() if line.startswith("run folder")]
    return Path(line.split(maxsplit=2)[2])
