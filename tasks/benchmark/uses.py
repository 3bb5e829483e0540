"""Which uses are measured of which methods, once the cells are there."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tasks.benchmark.board import Entry
from tasks.benchmark.digests import cell_digest, use_digest
from tasks.benchmark.ledger import CellId, Ledger, UnresolvedError
from tasks.benchmark.plan import Place, Plan
from tasks.benchmark.settings import BenchmarkSettings
from tasks.benchmark.units import Call, Measure
from tasks.results.cell import CellKey
from tasks.results.references import references_of
from tasks.results.store import read_results
from tasks.results.used import UsedKey, has_used
from tasks.splitting import TemporalSplit
from tasks.uses import USES, Use


def chosen_uses(settings: BenchmarkSettings) -> tuple[Use, ...]:
    """The uses that are asked for."""
    return tuple(use for name, use in USES.items() if settings.uses is None or name in settings.uses)


class UsesPlan:
    """Uses to measure: of what the benchmark measures, as far as a use concerns it.

    Args:
        plan: Of the benchmark, all of whose cells were computed as far as they could be; the manifest names them.

    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._settings = plan, plan.settings
        self.uses = chosen_uses(plan.settings)
        self.ledger = Ledger()
        self._references = _references(plan) if any(use.with_references for use in self.uses) else {}
        self._wanted: dict[tuple[str, str, int], list[tuple[Use, str]]] = {}
        for place in plan.places:
            for question in place.questions:
                for seed in range(self._settings.seeds):
                    wanted = self._methods(place, question, seed)
                    self._wanted[place.name, question, seed] = wanted
                    self.ledger.planned += [_id(place, question, use, name, seed) for use, name in wanted]

    def entries(self) -> list[Entry]:
        """Everything to do; nothing waits for anything."""
        return [
            Entry((place.name, question, seed), partial(self._measure, place, question, seed))
            for place in self._plan.places
            for question in place.questions
            for seed in range(self._settings.seeds)
        ]

    def _methods(self, place: Place, question: str, seed: int) -> list[tuple[Use, str]]:
        """Uses and methods, those of one method after each other: they share what is fitted."""
        found = []
        # Yardsticks do not depend on the seed; who is asked does where the split is no matter of time.
        has_yardsticks = seed == 0 or place.surveyed.identity.split["name"] != TemporalSplit.__name__
        for name, method in self._plan.methods.items():
            if seed in self._settings.seeds_of(method.role):
                references = self._references.get((place.name, question), ())
                found += [
                    (use, name)
                    for use in self.uses
                    if name in use.methods or (use.with_references and name in references)
                ]
        return found + [(use, name) for use in self.uses for name in use.yardsticks if has_yardsticks]

    def _measure(self, place: Place, question: str, seed: int) -> Measure | None:
        """What is to be computed; None where all is there, or cannot be computed."""
        calls = []
        for use, name in self._wanted[place.name, question, seed]:
            planned = _id(place, question, use, name, seed)
            try:
                call = self._call(place, question, use, name, seed)
            except UnresolvedError as error:
                if error.failed:
                    self.ledger.failed[planned] = error.failed
                continue
            key = UsedKey(place.name, question, use.name, name, seed, call.digest)
            if has_used(self._settings.folder, key):
                self.ledger.kept[planned] = key.name
            else:
                calls.append(call)
        if not calls:
            return None
        folder, deadline = str(self._settings.folder), self._plan.deadline
        return Measure(place.asked, question, seed, tuple(calls), folder, self._settings.part, deadline)

    def _call(self, place: Place, question: str, use: Use, name: str, seed: int) -> Call:
        if name in use.yardsticks:
            digest = cell_digest(
                place.surveyed.identity,
                question=question,
                method=name,
                version=0,
                seed=seed,
                settings={},
                trials=0,
                evaluate=self._settings.evaluate,
            )
            call = Call(place.name, question, name, "baseline", seed, {}, digest, 0, (), 0.0)
        else:
            call = self._plan.call(place, question, name, seed)
            call = replace(call, cell=CellKey(place.name, question, name, seed, call.digest).name)
        return replace(call, digest=use_digest(call.digest, use.name, use.version), use=use.name)


def _id(place: Place, question: str, use: Use, name: str, seed: int) -> CellId:
    """As ``Call.what`` names it."""
    return place.name, question, f"{use.name}/{name}", seed


def _references(plan: Plan) -> dict[tuple[str, str], Sequence[str]]:
    """The benchmark's references by data set and question, at any number of shots."""
    from tasks.results.panel import panels_of

    asked = {(place.name, question) for place in plan.places for question in place.questions}
    results = read_results(plan.settings.folder)
    own = tuple(cell for cell in results.cells if (cell.key.dataset, cell.key.question) in asked)
    return {
        (panel.dataset, panel.question): tuple(dict.fromkeys(references_of(panel).by_shots.values()))
        for panel in panels_of(replace(results, cells=own))
    }
