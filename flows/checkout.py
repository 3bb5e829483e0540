"""Where a run works: a pull step of Prefect's, named in prefect.yaml."""

from tasks.runs.home import REPOSITORY


def enter() -> dict[str, str]:
    """Run in the checkout that the worker is installed from, wherever that is; relative paths start there.

    Without a pull step Prefect copies a whole folder for each run.
    """
    return {"directory": str(REPOSITORY)}
