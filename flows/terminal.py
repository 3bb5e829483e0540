"""What a person sees who starts a flow in a terminal: one console, one line per event, one line per error."""

import contextlib
import errno
import functools
import logging
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import ParamSpec, TypeVar

from flows.environment import LOGGERS
from tasks.errors import ColdcartError
from tasks.runs.home import Home

P = ParamSpec("P")
R = TypeVar("R")

NOISY = ("httpx", "httpcore", "urllib3", "matplotlib", "fontTools", "alembic", "graphviz")
"""Libraries that report every step at INFO."""


def configure_terminal(level: int = logging.INFO) -> None:
    """Send all logging to one handler on standard error: rich in a terminal, plain lines when piped.

    Prefect's and Lightning's own console handlers go; what Prefect sends to its server stays. Call it once, at the
    start of an entry point; flows that a Prefect worker starts keep Prefect's console.

    Args:
        level: Of our own loggers and Lightning's.
    """
    # Prefect sets logging up when it is imported; coming first, this would be replaced.
    import prefect.main  # noqa: F401

    handler = _handler()
    handler.addFilter(_for_people)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = True
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _handler() -> logging.Handler:
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        rich_handler = RichHandler(
            console=Console(stderr=True), show_path=False, omit_repeated_times=False, log_time_format="%H:%M:%S"
        )
        rich_handler.setFormatter(logging.Formatter("%(message)s"))
        return rich_handler
    plain = logging.StreamHandler(sys.stderr)
    plain.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
    return plain


def _for_people(record: logging.LogRecord) -> bool:
    """Leave out what Prefect says of each state, and the errors of runs, which ``one_error`` says once."""
    if not record.name.startswith("prefect"):
        return True
    if record.name.startswith(("prefect.flow_runs", "prefect.task_runs")):
        return record.levelno == logging.WARNING or " - Retry " in str(record.msg)
    return record.levelno >= logging.WARNING


def one_error(entry: Callable[P, R]) -> Callable[P, R]:
    """Decorator of entry points: an error ends the command with one line on standard error and exit code 1.

    Errors the user can put right (``ColdcartError``, a full disk) are said as they are; others are unexpected,
    and their traceback is kept in a file below ``COLDCART_HOME/logs``. With ``COLDCART_DEBUG=1`` everything is
    raised as it comes. Ctrl-C ends with 130, a termination signal with 128 + its number, and both leave runs marked
    KILLED. Under Hydra it goes below ``@hydra.main``; there the other jobs of a sweep (``-m``) go on after an error,
    and ``flows.arguments.start`` ends the command with 1.
    """

    @functools.wraps(entry)
    def guarded(*arguments: P.args, **options: P.kwargs) -> R:
        _raise_on_termination()
        if os.environ.get("COLDCART_DEBUG", "") not in ("", "0"):
            return entry(*arguments, **options)
        try:
            return entry(*arguments, **options)
        except (KeyboardInterrupt, SystemExit) as error:
            # Lightning answers Ctrl-C during training with SystemExit(1).
            if isinstance(error, SystemExit) and not isinstance(error.__context__, KeyboardInterrupt):
                raise
            _say("interrupted; the same command goes on from where it stopped")
            raise SystemExit(130) from None
        except Exception as error:
            end_without_reader(error)
            job = _job_of_a_sweep()
            if job is not None:
                _say(f"error: {job}: {describe(error)}")
                raise JobFailedError(job) from error
            _say(f"error: {describe(error)}")
            raise SystemExit(1) from None

    return guarded


def end_without_reader(error: Exception) -> None:
    """End the command without a word where whoever read its output is gone, as behind ``| head``; else do nothing.

    Args:
        error: What was raised; a pipe to another process may break as well.
    """
    if isinstance(error, BrokenPipeError) and _nobody_reads():
        # What is still buffered would be written, and complained of, at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None


def _nobody_reads() -> bool:
    try:
        output = select.poll()
        output.register(sys.stdout.fileno(), 0)
        return any(state & select.POLLERR for _, state in output.poll(0))
    except (OSError, ValueError):
        return False


class JobFailedError(Exception):
    """One job of a sweep failed, which was said already (names its overrides)."""


def _job_of_a_sweep() -> str | None:
    """What sets the job of a sweep that runs apart from the others; None where one job was started by itself."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.types import RunMode

    if not HydraConfig.initialized() or HydraConfig.get().mode is not RunMode.MULTIRUN:
        return None
    parser = OverridesParser.create()
    typed = [parser.parse_override(text) for text in sys.argv[1:] if not text.startswith("-")]
    swept = {override.key_or_group for override in typed if override.is_sweep_override()}
    own = [text for text in HydraConfig.get().overrides.task if text.partition("=")[0].lstrip("+") in swept]
    return " ".join(own) or f"job {HydraConfig.get().job.num}"


class Terminated(SystemExit):
    """A termination signal came: what is open is closed on the way out, as with Ctrl-C."""


def _raise_on_termination() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever set a handler before (a Prefect worker, nohup) has a reason.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated(128 + number)


def describe(error: Exception) -> str:
    """One line on an error; the traceback of an unexpected one goes to a file that the line names."""
    known: BaseException | None = error
    while known is not None:
        if isinstance(known, ColdcartError):
            return _one_line(str(known))
        known = known.__cause__
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _one_line(
            f"no space is left on the disk of {error.filename or Home.current().root} ({error.strerror}). "
            "Make room, or choose another folder with COLDCART_HOME, and start the same command again."
        )
    kept = _keep(error)
    where = f"The traceback is in {kept}" if kept else "The traceback could not be kept"
    return _one_line(f"unexpected {type(error).__name__}: {error}. {where}; COLDCART_DEBUG=1 shows it.")


def _keep(error: Exception) -> Path | None:
    folder = Home.current().logs
    path = folder / f"error-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join(sys.argv) + "\n\n" + "".join(traceback.format_exception(error)), encoding="utf-8")
        return path
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
