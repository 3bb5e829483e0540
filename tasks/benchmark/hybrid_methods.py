"""Where the hybrid and its ablations enter the benchmark.

A class like those in ``tasks.benchmark.completed`` per method, returned by ``hybrid_methods``, is all: names, seeds,
tuning, cells and reports follow. A gate that is fitted on half B answers there out of fold, with
``Workbench.folds``; its weights go into ``FittedMethod.shares_for``.
"""

from tasks.benchmark.method import BenchmarkMethod
from tasks.overrides import choices

HYBRID = "hybrid"
ABLATIONS = (
    "hybrid_no_virtual",
    "hybrid_no_noise",
    "hybrid_no_feature_matching",
    "hybrid_no_side_features",
    "hybrid_no_fade",
    *(f"hybrid_loss_{loss}" for loss in choices("loss")),
)
"""Fixed names; those without a method are passed over, and the benchmark says so."""


def hybrid_methods() -> tuple[BenchmarkMethod, ...]:
    """The hybrid and its ablations, as far as they exist."""
    return ()
