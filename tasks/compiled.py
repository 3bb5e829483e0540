"""Where compiled loops are kept: in a folder named after all of them.

Numba compares the file of a function alone to tell whether what it kept is still right; those of the functions that it
calls may have changed. Modules with compiled loops take ``njit`` from here.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from numba import config, njit
from numba.extending import register_jitable

from lightning_modules import noise

__all__ = ["njit", "register_jitable"]

_TASKS = Path(__file__).parent
_NAME = "compiled-"


def _sources() -> list[Path]:
    """Files with loops, or with what they call."""
    loops = (path for path in _TASKS.rglob("*.py") if b"import njit" in path.read_bytes())
    return [*sorted(loops), Path(noise.__file__)]


def _folder() -> Path:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _sources())).hexdigest()[:16]
    return _TASKS / "__pycache__" / f"{_NAME}{digest}"


def _keep() -> None:
    folder = _folder()
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        pass
    except OSError:  # numba finds a folder of the user's own
        return
    else:
        for other in folder.parent.glob(f"{_NAME}*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
    _config.CACHE_DIR = str(folder)


_config: Any = config
if not _config.CACHE_DIR:
    _keep()
