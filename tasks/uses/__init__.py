"""What a model is used for beside lists of recommendations, and how well it does that: one module per use.

A use is added by a module with a class as ``Use`` asks for, and a line in ``USES``.
"""

from collections.abc import Mapping

from tasks.uses.audience import Audience
from tasks.uses.faithfulness import Faithfulness
from tasks.uses.rerank import Rerank
from tasks.uses.use import Use

USES: Mapping[str, Use] = {
    use.name: use
    for use in (
        Rerank(),
        Audience(),
        Faithfulness(),
    )
}
"""Uses by name, in the order of reports."""

__all__ = ["USES", "Use"]
