"""What a report is about, as plain values: filled by the stages, drawn and written here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tasks.reporting.report.comparison import Gains, Realism
from tasks.reporting.report.reasons import Reasons
from tasks.reporting.tables import Table

Facts = tuple[tuple[str, str], ...]
"""Names and values, in the order they are shown."""


@dataclass(frozen=True, slots=True)
class Tripwire:
    """A measure that gives away a training gone wrong.

    Attributes:
        name: For example ``popularity_ratio``.
        meaning: What a value outside the bounds says; empty where there is no alarm.
        least: Smallest good value; None without.
        most: Largest good value; None without.
        values: One per epoch, oldest first; nan where it was not measured.

    """

    name: str
    meaning: str
    least: float | None
    most: float | None
    values: tuple[float, ...]

    @property
    def outside(self) -> tuple[bool, ...]:
        """Whether each epoch's value was outside the bounds; what was not measured is not."""
        return tuple(
            (self.least is not None and value < self.least) or (self.most is not None and value > self.most)
            for value in self.values
        )


@dataclass(frozen=True, slots=True)
class Training:
    """How the generator was trained.

    Attributes:
        history: Figures per epoch, oldest first: ``epoch`` (from 0), ``loss/…`` and more.
        monitor: The figure that chose the checkpoint, a name in ``history``; empty without one.
        best_epoch: Number of epochs, from 1, after which it was highest.
        tripwires: Measures of the generated behaviour.

    """

    history: Sequence[Mapping[str, float]]
    monitor: str
    best_epoch: int
    tripwires: tuple[Tripwire, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured on new users.

    Attributes:
        question: What was asked.
        population: Who they are, for example ``validation users, half B``.
        cells: ``Evaluation.cells``.
        methods: The lines of the headline figure.
        table: HR@10 and NDCG@10 of every method.
        findings: What came out, in sentences.

    """

    question: str
    population: str
    cells: pl.DataFrame
    methods: tuple[str, ...]
    table: Table
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recommended:
    """An item of a list.

    Attributes:
        title: Its title, or its id where it has none.
        evidence: What carried it: ``real``, ``virtual`` or ``popularity``.
        hit: Whether the user took it later.

    """

    title: str
    evidence: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A new user, without a name.

    Attributes:
        shots: How many events are shown, ``all`` included.
        known: Side features.
        support: Titles of the items that are shown, oldest first.
        virtual: Titles and weights of the likeliest virtual items; weights count in real interactions.
        more_virtual: Number of further virtual items.
        with_virtual: What is recommended on real + virtual behaviour, best first.
        without: What the same recommender says on real behaviour, best first.
        targets: Number of items to be found.

    """

    shots: str
    known: Facts
    support: tuple[str, ...]
    virtual: tuple[tuple[str, float], ...]
    more_virtual: int
    with_virtual: tuple[Recommended, ...]
    without: tuple[Recommended, ...]
    targets: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report shows.

    Attributes:
        title: The page's title.
        dataset: Name of the data set.
        recommender: Name of the recommender.
        augments: Whether the run uses virtual behaviour at all.
        run: Run id, MLflow run, seed and the like.
        choices: The chosen option of each config group.
        digests: What was read and made, and its digest.
        versions: Software and its version.
        configuration: The resolved configuration as YAML.
        quality: What cleaning did.
        log: How much data there is, from when.
        split: Users per part.
        populations: How many new users were asked, and how many targets lie outside the catalogue.
        results: What was measured.
        training: How the generator was trained.
        realism: Real users beside generated ones; None where too few users have anything to compare.
        gains: Who gains and who loses; empty where users are too few.
        reasons: Whether explanations hold; None where there is nothing to explain.
        examples: Some new users.
        newest: Time of the newest event a fit has seen, in words; None without times.

    """

    title: str
    dataset: str
    recommender: str
    augments: bool
    run: Facts
    choices: Facts
    digests: Facts
    versions: Facts
    configuration: str
    quality: Table
    log: Facts
    split: Facts
    populations: Table
    results: Results
    training: Training
    realism: Realism | None
    gains: tuple[Gains, ...]
    reasons: Reasons | None
    examples: tuple[Example, ...]
    newest: str | None
