"""Settles the environment before anything of ours is imported: what a developer keeps must not decide a test."""

import os
import shutil
import tempfile

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


def pytest_unconfigure() -> None:
    """All state ends with its process, with xdist also that of the one that starts the others."""
    shutil.rmtree(HOME, ignore_errors=True)
