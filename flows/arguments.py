"""What is typed behind a command, looked at before Hydra does anything with it."""

import sys

from tasks.errors import ColdcartError
from tasks.overrides import check_overrides


def check_arguments(arguments: list[str] | None = None) -> None:
    """Refuse overrides that name code to run or read the environment; ends the command with one line.

    Args:
        arguments: By default those of the command line.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        check_overrides([text for text in given if not text.startswith("-") and "=" in text])
    except ColdcartError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        raise SystemExit(1) from None
