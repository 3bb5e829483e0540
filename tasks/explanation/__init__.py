"""Why an item is recommended: parts of its score, and what of the profile, of other users and of virtual behaviour."""

from tasks.explanation.contributions import Contributions, contributions
from tasks.explanation.explain import explain
from tasks.explanation.explanation import Explanation, ItemReason, NeighbourReason, ScorePart

__all__ = [
    "Contributions",
    "Explanation",
    "ItemReason",
    "NeighbourReason",
    "ScorePart",
    "contributions",
    "explain",
]
