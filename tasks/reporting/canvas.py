"""Empty figures and finished axes: what all figures share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def blank(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, drawn by Agg, outside pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def finish(axes: "Axes", title: str, x: str, y: str, *, size: float = 11, grid: str = "y") -> None:
    """Title, labels, a light grid, no frame above and to the right.

    Args:
        axes: What is finished.
        title: With the number of users and units.
        x: Label of the horizontal axis, with its unit.
        y: Label of the vertical axis, with its unit.
        size: Of the title, in points.
        grid: ``x``, ``y`` or ``both``: where the lines of the grid start.

    """
    axes.set_title(title, fontsize=size)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis=grid, color="#dddddd", linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def whole_numbers(axes: "Axes") -> None:
    """Ticks of the horizontal axis at whole numbers only, as epochs are."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


@contextmanager
def plain_style() -> Iterator[None]:
    """Matplotlib as it comes, whatever the reader's own settings are; they hold again afterwards."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        # Names of clip paths hang on the salt; without one they are random.
        mpl.rcParams["svg.hashsalt"] = "coldcart"
        yield
