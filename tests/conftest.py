"""Settles the environment before anything of ours is imported: what a developer keeps must not decide a test."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

PREFIXES = ("COLDCART_", "HYDRA_", "MLFLOW_", "PREFECT_")
KEPT = frozenset({"COLDCART_CACHE"})
"""Where downloads are kept: nobody wants them twice."""

for name in list(os.environ):
    if name.startswith(PREFIXES) and name not in KEPT:
        del os.environ[name]
HOME = tempfile.mkdtemp(prefix="coldcart-tests-")
os.environ["COLDCART_HOME"] = HOME
# One thread per test process: several run side by side, and results must not hang on the number of cores.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"


@pytest.fixture(scope="session", autouse=True)
def state() -> Iterator[None]:
    """All state of the tests of this process, gone when they end."""
    yield
    shutil.rmtree(HOME, ignore_errors=True)
