"""What is typed behind a command: quoted and checked before Hydra sees it; what Hydra refuses is said in one line."""

import logging
import os
import re
import sys
from collections.abc import Callable, Sequence

from hydra.errors import HydraException

from flows.terminal import JobFailedError, describe, end_without_reader
from tasks.composition import missing_key
from tasks.errors import ColdcartError
from tasks.overrides import check_overrides

PATHS = frozenset(
    {
        "model",
        "events",
        "items",
        "users",
        "user_features",
        "output",
        "recommendations",
        "dataset.path",
        "dataset.user_features",
        "dataset.item_features",
        "features.text.model_path",
        "privacy.key_file",
    }
)
"""Settings that take a file, a folder or a reference to a model."""

RUNS = "run_ids"
"""Setting that takes a list of runs."""

ROOTS = re.compile(r"^(--co[a-z-]*|-cd|-cp|-cn)(=|$)|^--experimental-rerun")
"""Flags by which Hydra would compose other files than those in conf/, which a run does not read."""

SWEEPS = frozenset({"-m", "--multirun"})


def start(main: Callable[[], object]) -> None:
    """Run an entry point that Hydra composes for; ends the command with one line where its arguments are of no use.

    Args:
        main: A function under ``@hydra.main``.
    """
    sys.argv[1:] = quote_paths(sys.argv[1:])
    check_arguments()
    if any(argument.partition("=")[0] in ("--info", "-i") for argument in sys.argv[1:]):
        # Prefect's console would print each line of it once more.
        logging.getLogger().handlers.clear()
    # Hydra would print its errors over several lines, with advice that does not hold here, and exit.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        _to_the_end(main)
    except JobFailedError:
        # Which, and why, was said when it happened.
        raise SystemExit(1) from None
    except Exception as error:
        end_without_reader(error)
        if os.environ.get("COLDCART_DEBUG", "") not in ("", "0"):
            raise
        if isinstance(error, ValueError) and str(error).startswith("Only one of --"):
            _end(f"{error}. --cfg job shows the settings that several runs share when -m and what varies are left out.")
        _end(_in_our_words(error) if isinstance(error, HydraException) else describe(error))


def _to_the_end(main: Callable[[], object]) -> None:
    try:
        main()
    except SystemExit as end:
        # Hydra's, after --help and --info.
        if end.code:
            raise
    # Here, where it can be said or passed over; at Python's own end it could not.
    sys.stdout.flush()


def quote_paths(arguments: Sequence[str]) -> list[str]:
    """Quote names of files and models, so that any name can be typed as it is.

    Hydra reads bare values by a grammar of its own: it refuses ``=``, brackets and letters outside ASCII, takes a
    comma for a sweep, and a run id such as ``12e45…`` for a number. Values that are quoted already, and ``null``,
    stay as they are; in a sweep commas are meant.

    Args:
        arguments: As typed.
    """
    if SWEEPS.intersection(arguments):
        return list(arguments)
    return [_quoted(argument) for argument in arguments]


def _quoted(argument: str) -> str:
    key, equals, value = argument.partition("=")
    if key == RUNS and value:
        inner = value.removeprefix("[").removesuffix("]").split(",")
        return f"{key}=[{','.join(_in_quotes(one.strip()) for one in inner)}]"
    if key.lstrip("+") not in PATHS or not value or value == "null" or value[0] in "'\"":
        return argument
    return f"{key}{equals}{_in_quotes(value)}"


def _in_quotes(value: str) -> str:
    if value[:1] in ("'", '"'):
        return value
    # Backslashes before a quote are doubled, the quote itself is escaped; the end of the value is a quote, too.
    escaped = re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + (r"\'" if found[2] else ""), value)
    return f"'{escaped}'"


def check_arguments(arguments: list[str] | None = None) -> None:
    """Refuse overrides that name code to run or read the environment, and other roots; ends the command with one line.

    Args:
        arguments: By default those of the command line.
    """
    given = sys.argv[1:] if arguments is None else arguments
    for flag in given:
        if ROOTS.match(flag):
            _end(f"{flag}: a run is composed from conf/ alone. Put the file into one of its groups and choose it.")
    try:
        check_overrides([text for text in given if not text.startswith("-") and "=" in text], command=True)
    except ColdcartError as error:
        _end(str(error))


def _in_our_words(error: HydraException) -> str:
    if meant := missing_key(error):
        return meant
    unknown = re.match(r"Could not override '([^']*)'", str(error))
    if unknown:
        return f"{unknown[1]}: there is no such setting. See conf/ for the keys, or --cfg job."
    unreadable = re.match(r"Error parsing override '(.*)'", str(error))
    if unreadable:
        return f"{unreadable[1]!r}: expected key=value. See conf/ for the keys, or --cfg job."
    ambiguous = re.match(r"Ambiguous value for argument '(.*)'", str(error))
    if ambiguous:
        return f"{ambiguous[1]!r}: several values run one after another with -m; a list is written as key=[a,b]."
    return " ".join(f"{error} {error.__cause__ or ''}".split())


def _end(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr, flush=True)
    raise SystemExit(1) from None
