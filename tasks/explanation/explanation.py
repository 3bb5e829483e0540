"""What an explanation says, in rows and numbers; words are put to it where it is shown."""

from dataclasses import dataclass

from tasks.domain import Evidence


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One score that adds to the whole.

    Attributes:
        name: Of the score, for example ``item_knn_cosine``.
        evidence: What it stands for.
        score: What it adds.

    """

    name: str
    evidence: Evidence
    score: float


@dataclass(frozen=True, slots=True)
class ItemReason:
    """An item of the profile, real or virtual, that speaks for the recommended one.

    Attributes:
        item: Row of the catalogue.
        score: What it adds to the score, its share of the attention, or what it moves.

    """

    item: int
    score: float


@dataclass(frozen=True, slots=True)
class NeighbourReason:
    """A user the model was fitted on, like the one who asks, who holds the recommended item.

    Attributes:
        user: Row among the model's users.
        score: What they add to the score.
        shared: Rows of items that both hold.

    """

    user: int
    score: float
    shared: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item has its score.

    Attributes:
        item: Row of the catalogue.
        score: Of the item; it compares within the user only.
        parts: They add up to the score, largest first.
        support: Items of the user, largest first.
        virtual: Items that were made up for the user, largest first.
        neighbours: Users alike, largest first.
        attention: Attention to items of the user, whatever is recommended, largest first; a user's sum to at most 1.
            None where nothing attends.
        attributions: How far items of the user move the generator's log probability of the item, up or down, furthest
            first. None where that was not asked, or no network looks at items.

    """

    item: int
    score: float
    parts: tuple[ScorePart, ...]
    support: tuple[ItemReason, ...]
    virtual: tuple[ItemReason, ...]
    neighbours: tuple[NeighbourReason, ...]
    attention: tuple[ItemReason, ...] | None = None
    attributions: tuple[ItemReason, ...] | None = None
