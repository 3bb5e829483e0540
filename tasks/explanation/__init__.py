"""Why an item is recommended, and whether what is told of it is true."""

from tasks.explanation.claims import Claim, claims_of
from tasks.explanation.contributions import Contributions, contributions
from tasks.explanation.explain import explain
from tasks.explanation.explained import Explained, ExplainedHybrid, ExplainedRecommender, explained_model
from tasks.explanation.explanation import Explanation, ItemReason, NeighbourReason, ScorePart
from tasks.explanation.faithfulness import Faithfulness, faithfulness, told_by_shots

__all__ = [
    "Claim",
    "Contributions",
    "Explained",
    "ExplainedHybrid",
    "ExplainedRecommender",
    "Explanation",
    "Faithfulness",
    "ItemReason",
    "NeighbourReason",
    "ScorePart",
    "claims_of",
    "contributions",
    "explain",
    "explained_model",
    "faithfulness",
    "told_by_shots",
]
