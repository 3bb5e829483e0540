"""What a benchmark consists of: which tunings come before which cells, and what settings each method has."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from tasks.benchmark.board import Entry
from tasks.benchmark.digests import cell_digest, plain_values, tuning_digest
from tasks.benchmark.ground import Asked
from tasks.benchmark.ledger import Ledger, TuningId, UnresolvedError
from tasks.benchmark.method import BenchmarkMethod, Settings
from tasks.benchmark.search import read_space, start_of, with_values
from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.tuning import SEARCH_VERSION, Best
from tasks.benchmark.units import Call, Measure, Surveyed, Tune
from tasks.config import RunConfig
from tasks.results.cell import CellKey
from tasks.results.store import has_cell
from tasks.tuned.store import TunedSettings, read_tuned, write_tuned

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """A data set of the benchmark.

    Attributes:
        asked: The data set, as it is asked for.
        config: Configuration of its training runs.
        surveyed: What it turned out to be.
        questions: Questions that are asked.

    """

    asked: Asked
    config: RunConfig
    surveyed: Surveyed
    questions: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.asked.dataset


class Plan:
    """Tunings and cells of a benchmark, and the settings that hold.

    Args:
        settings: What is asked for.
        methods: Methods to measure.
        everything: These and all they are built on, each after what it needs.
        places: The data sets.
        deadline: Time (``time.time``) after which nothing is begun.

    Raises:
        ConfigError: A search space does not fit its method.

    """

    def __init__(
        self,
        settings: BenchmarkSettings,
        methods: Mapping[str, BenchmarkMethod],
        everything: Mapping[str, BenchmarkMethod],
        places: list[Place],
        deadline: float,
    ) -> None:
        self.settings, self.methods, self.everything = settings, methods, everything
        self.places, self.deadline = places, deadline
        self.ledger = Ledger()
        self._resolved: dict[TuningId, Settings] = {}
        for place in places:
            for name, method in everything.items():
                start_of(read_space(method.search), method.defaults(place.config), name)
            for question in place.questions:
                for name, method in methods.items():
                    for seed in settings.seeds_of(method.role):
                        self.ledger.planned.append((place.name, question, name, seed))

    def entries(self) -> list[Entry]:
        """Everything to do, data set by data set: tunings before the cells that need them."""
        entries: dict[Any, Entry] = {}
        for place in self.places:
            cells: list[Entry] = []
            for question in place.questions:
                needed = [key for name in self.methods for key in self._tunings(place, question, name)]
                for key in dict.fromkeys(needed):
                    before = frozenset(self._tunings(place, key[1], key[2])) - {key}
                    entries.setdefault(key, Entry(key, partial(self._tune, place, key), before))
                for seed in range(self.settings.seeds):
                    make = partial(self._measure, place, question, seed)
                    cells.append(Entry((place.name, question, seed), make, frozenset(needed)))
            entries |= {entry.key: entry for entry in cells}
        return list(entries.values())

    def _tunings(self, place: Place, question: str, name: str) -> list[TuningId]:
        """Tunings that decide a method's settings, each after those that it needs itself."""
        method = self.everything[name]
        found = [key for need in method.needs for key in self._tunings(place, question, need)]
        first = place.surveyed.questions[0]
        if method.once_per_dataset and question != first:
            return found + self._tunings(place, first, name)
        return found + ([(place.name, question, name)] if method.search else [])

    def resolved(self, place: Place, question: str, name: str) -> Settings:
        """Everything that decides a method's result.

        Raises:
            UnresolvedError: A tuning it depends on failed, or was not reached.

        """
        key, method = (place.name, question, name), self.everything[name]
        if key not in self._resolved:
            needed = {need: self.resolved(place, question, need) for need in method.needs}
            tuned = self.tuned(place, question, name)
            own = method.defaults(place.config) if tuned is None else tuned.settings
            self._resolved[key] = plain_values(method.resolve(own, needed))
        return self._resolved[key]

    def tuned(self, place: Place, question: str, name: str) -> TunedSettings | None:
        """What tuning found for a method; None where nothing is tuned.

        Raises:
            UnresolvedError: The tuning failed, or was not reached.

        """
        method = self.everything[name]
        if method.search is None:
            return None
        key = (place.name, place.surveyed.questions[0] if method.once_per_dataset else question, name)
        if key not in self.ledger.tuned:
            reason = self.ledger.tuning_failed.get(key)
            raise UnresolvedError(f"{name} could not be tuned: {reason}" if reason else None)
        return self.ledger.tuned[key]

    def _tune(self, place: Place, key: TuningId) -> Tune | None:
        """The tuning to do; None where it was done before, or cannot be done."""
        _, question, name = key
        method = self.everything[name]
        try:
            needed = {need: self.resolved(place, question, need) for need in method.needs}
        except UnresolvedError as error:
            if error.failed:
                self.ledger.tuning_failed[key] = error.failed
            return None
        trials = self.settings.trials
        digest = tuning_digest(
            place.surveyed.identity,
            question=question,
            method=name,
            version=method.version,
            defaults=method.defaults(place.config),
            needed=needed,
            space={setting: asdict(allowed) for setting, allowed in read_space(method.search).items()},
            trials=trials,
            search=SEARCH_VERSION,
        )
        stored = read_tuned(self.settings.tuned_folder, place.name, question).get(name)
        if stored is not None and stored.digest == digest:
            self.ledger.tuned[key] = stored
            return None
        recommendations = self.settings.recommendations
        return Tune(place.asked, question, name, needed, trials, digest, self.deadline, recommendations)

    def keep_tuned(self, unit: Tune, best: Best) -> None:
        """Write down what a tuning found; a value at the edge of its range is warned about."""
        place = next(one for one in self.places if one.name == unit.asked.dataset)
        method = self.everything[unit.method]
        own = with_values(method.defaults(place.config), best.values)
        tuned = TunedSettings(
            plain_values(own), best.value, unit.trials, best.edges, round(best.seconds, 1), unit.digest
        )
        write_tuned(self.settings.tuned_folder, place.name, unit.question, unit.method, tuned)
        self.ledger.tuned[place.name, unit.question, unit.method] = tuned
        for name in best.edges:
            logger.warning(
                "%s, %s, %s: the best %s = %s is at the edge of its range; better may lie beyond (conf/search/%s.yaml)",
                *(place.name, unit.question, unit.method, name, best.values[name], method.search),
            )

    def _measure(self, place: Place, question: str, seed: int) -> Measure | None:
        """The cells to compute; None where all are finished, or cannot be computed."""
        calls = []
        for name, method in self.methods.items():
            if seed not in self.settings.seeds_of(method.role):
                continue
            cell = (place.name, question, name, seed)
            try:
                call = self.call(place, question, name, seed)
            except UnresolvedError as error:
                if error.failed:
                    self.ledger.failed[cell] = error.failed
                continue
            key = CellKey(place.name, question, name, seed, call.digest)
            if has_cell(self.settings.folder, key):
                self.ledger.kept[cell] = key.name
            else:
                calls.append(call)
        if not calls:
            return None
        folder, part = str(self.settings.folder), self.settings.part
        recommendations = self.settings.recommendations
        return Measure(place.asked, question, seed, tuple(calls), folder, part, self.deadline, recommendations)

    def call(self, place: Place, question: str, name: str, seed: int) -> Call:
        """A cell to compute.

        Raises:
            UnresolvedError: The method's settings are not known.

        """
        method, tuned = self.methods[name], self.tuned(place, question, name)
        settings = self.resolved(place, question, name)
        trials = tuned.trials if tuned else 0
        digest = cell_digest(
            place.surveyed.identity,
            question=question,
            method=name,
            version=method.version,
            seed=seed,
            settings=settings,
            trials=trials,
            evaluate=self.settings.evaluate,
        )
        edges, seconds = (tuned.edges, tuned.seconds) if tuned else ((), 0.0)
        return Call(place.name, question, name, method.role, seed, settings, digest, trials, edges, seconds)
