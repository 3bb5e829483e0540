"""The engine of the benchmark on a small world, its workers in this process."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.benchmark.benchmark import Benchmark, Outcome
from tasks.benchmark.progress import Shown
from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.units import Finished, Message, Started, Unit
from tasks.benchmark.worker import Desk
from tasks.benchmark.workers import WorkerDiedError
from tasks.runs import CodeState, Home
from tasks.runs.closing import one_line
from tasks.tracking import TrackingSettings

NAMES = ("popularity", "user_knn_cosine", "rp3beta")
CODE = CodeState("0", None, False)


class Inside:
    """Does units in this process, as ``WorkerProcess`` has another one do them."""

    done: list[Unit]
    home: Home
    dies_at: str | None

    def __init__(self, threads: int) -> None:
        self.desk = Desk(self.home)

    def run(self, unit: Unit, listen: Callable[[Message], None]) -> Finished:
        self.done.append(unit)

        def tell(message: Message) -> None:
            listen(message)
            if isinstance(message, Started) and message.call.method == self.dies_at:
                raise KeyboardInterrupt

        try:
            return Finished(self.desk.do(unit, tell))
        except KeyboardInterrupt:
            raise WorkerDiedError("a worker process ended with exit code -9") from None
        except Exception as error:
            return Finished(None, one_line(error), traceback.format_exc())

    def stop(self) -> None: ...
    def kill(self) -> None: ...


def run(folder: Path, inside: type[Inside], shown: Shown | None = None, **options: Any) -> Outcome:
    settings = BenchmarkSettings(
        datasets=("block_world",),
        questions=("next_visits",),
        methods=NAMES,
        uses=(),
        seeds=2,
        trials=2,
        evaluate="validation",
        output=str(folder),
        workers=1,
        overrides=("dataset.users=1500",),
        tracking=TrackingSettings(enabled=False),
    )
    settings = replace(settings, **options)
    return Benchmark(settings, inside.home, CODE, shown=shown, book=folder / "looks.jsonl").run()


def files(folder: Path) -> dict[str, int]:
    """Times of the files of all cells and uses."""
    found = [path for name in ("cells", "uses") for path in (folder / name).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in found}
