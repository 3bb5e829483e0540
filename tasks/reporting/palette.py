"""One look for every figure: colours that colour-blind readers tell apart, the same method always the same.

Colours are those of Okabe and Ito, "Color universal design" (2008); every line also has a marker or dashes of
its own, so that a figure printed in grey can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.method_names import VIRTUAL

GREY = "#7f7f7f"
BLUE, GREEN, ORANGE, SKY = "#0072B2", "#009E73", "#E69F00", "#56B4E9"
VERMILION, PURPLE = "#D55E00", "#CC79A7"
REAL, GENERATED = "#333333", PURPLE
"""Real behaviour in every figure that compares it with generated behaviour, and the latter."""

_COLOURS = (BLUE, GREEN, ORANGE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES = (":", "-.", (0, (5, 1)), (0, (1, 1)))


@dataclass(frozen=True, slots=True)
class Style:
    """How the line of a method is drawn.

    Attributes:
        colour: Hexadecimal.
        marker: matplotlib's code.
        dashes: matplotlib's line style.

    """

    colour: str
    marker: str
    dashes: Any


def styles(methods: Sequence[str]) -> dict[str, Style]:
    """A style per method.

    A method and its ``_virtual`` form share a colour and a marker; the form with virtual behaviour is drawn
    through, the one without is dashed. Popularity forms are grey, ``generator`` purple, ``hybrid`` vermilion.
    """
    chosen: dict[str, Style] = {}
    families = dict.fromkeys(method.removesuffix(VIRTUAL) for method in methods)
    popular = [name for name in families if "popularity" in name]
    others = [name for name in families if name not in popular and name not in {"generator", "hybrid"}]
    for method in methods:
        family, virtual = method.removesuffix(VIRTUAL), method.endswith(VIRTUAL)
        if family in popular:
            chosen[method] = Style(GREY, "", _DASHES[popular.index(family) % len(_DASHES)])
        elif family in {"generator", "hybrid"}:
            chosen[method] = Style(PURPLE if family == "generator" else VERMILION, "X", "-")
        else:
            place = others.index(family)
            colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
            chosen[method] = Style(colour, marker, "-" if virtual else "--")
    return chosen
