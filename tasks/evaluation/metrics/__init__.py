"""One metric per file; ``conf/metric/<name>.yaml`` gives it its name in tables and in MLflow.

Accuracy metrics follow the formulas of ``ranx`` with binary relevance: hit rate, recall (hits / |T|), NDCG
with the ideal list cut at k, MRR, MAP. Metrics of lists look at what is recommended, not at whether it was
found.
"""

from tasks.evaluation.metrics.base import AccuracyMetric, ItemPopularity, ListMetric, Metric

__all__ = ["AccuracyMetric", "ItemPopularity", "ListMetric", "Metric"]
