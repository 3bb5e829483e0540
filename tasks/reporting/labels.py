"""Names that people read, from names that programs do."""

_METRICS = {
    "hit_rate": "HR",
    "recall": "Recall",
    "ndcg": "NDCG",
    "mrr": "MRR",
    "map": "MAP",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "average_popularity": "Average popularity",
    "gini": "Gini",
}
_QUESTIONS = {
    "next_visits": "what later visits bring",
    "this_visit": "the rest of the first visit",
    "rest": "everything that follows",
}


def figure_label(metric: str, k: int) -> str:
    """``HR@10`` for ``hit_rate`` at 10; a metric of one's own keeps its name."""
    return f"{_METRICS.get(metric, metric)}@{k}"


def question_label(question: str) -> str:
    """What a question asks, and its name: ``what later visits bring (next_visits)``."""
    return f"{_QUESTIONS[question]} ({question})" if question in _QUESTIONS else question
