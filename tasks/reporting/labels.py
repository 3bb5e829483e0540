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
_EXPLANATIONS = {
    "contributions": "Contributions of known items",
    "attention": "Weights of attention to known items",
    "attention_to_item": "Weights of attention × what items say",
    "attributions": "Attributions of the generator",
}
_SCORERS = {
    "model": "the score that recommends",
    "generator": "the generator's own score",
    "attention": "the attention filter's own score",
}


def explanation_label(name: str) -> str:
    """``Contributions of known items`` for ``contributions``."""
    return _EXPLANATIONS.get(name, name)


def scorer_label(name: str) -> str:
    """``the score that recommends`` for ``model``."""
    return _SCORERS.get(name, name)


def figure_label(metric: str, k: int) -> str:
    """``HR@10`` for ``hit_rate`` at 10; a metric of one's own keeps its name."""
    return f"{_METRICS.get(metric, metric)}@{k}"


def question_label(question: str) -> str:
    """What a question asks, and its name: ``what later visits bring (next_visits)``."""
    return f"{_QUESTIONS[question]} ({question})" if question in _QUESTIONS else question
