"""Figures as text that stands inside a page: nothing is fetched, and the same figure gives the same bytes."""

import base64
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS_PER_INCH = 96


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure in a page.

    Attributes:
        source: A ``data:`` URI.
        alt: What it shows, for who cannot see it.
        caption: How to read it.
        width: CSS pixels, so that browsers keep its place.
        height: CSS pixels.

    """

    source: str
    alt: str
    caption: str
    width: int
    height: int


def drawing(figure: "Figure", alt: str, caption: str = "") -> Picture:
    """A figure of lines and text as SVG."""
    return _picture(figure, "svg", "image/svg+xml", alt, caption)


def photograph(figure: "Figure", alt: str, caption: str = "") -> Picture:
    """A figure of many points or cells as PNG, smaller than its SVG."""
    return _picture(figure, "png", "image/png", alt, caption)


def _picture(figure: "Figure", kind: str, media: str, alt: str, caption: str) -> Picture:
    buffer = io.BytesIO()
    # Without date and version, which would differ between two drawings of the same.
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with warnings.catch_warnings():
        # A class may be named in a script the font lacks; the table beside the figure has it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=kind, dpi=150, metadata=metadata)
    width, height = (round(PIXELS_PER_INCH * inches) for inches in figure.get_size_inches())
    source = f"data:{media};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(source, alt, caption, width, height)
