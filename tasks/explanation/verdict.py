"""What figures of faithfulness come to."""

from collections.abc import Mapping, Sequence
from typing import Any


def verdict(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the intervals of deletion and insertion say together."""
    above, below = ([row[name] for row in rows] for name in ("ci_low", "ci_high"))
    if min(above) > 0:
        return "hold: better than a random order by deletion and by insertion"
    if max(below) < 0:
        return "do not hold: worse than a random order by deletion and by insertion"
    if max(above) > 0 and min(below) >= 0:
        return "hold in part: better than a random order by one of deletion and insertion only"
    return "do not hold: no better than a random order, as far as these users can show"
