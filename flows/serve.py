"""Serve: recommendations over HTTP, from a registered model or a run folder.

python -m flows.serve model=models:/coldcart-ta_feng@champion
python -m flows.serve --help       # all settings
"""

import contextlib
import gc
import logging
import os
import subprocess
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig

from flows.arguments import start
from flows.terminal import Terminated, configure_terminal, one_error
from tasks.config import load_settings
from tasks.errors import ConfigError, TrainingError
from tasks.overrides import CONF_DIR
from tasks.runs.home import REPOSITORY, Home
from tasks.serving.settings import LOOPBACK, TOKEN_VARIABLE, ServeSettings

logger = logging.getLogger("flows.serve")  # the module may be called __main__
_SHORTEST_TOKEN = 16
_DRAIN_SECONDS = 20


@hydra.main(version_base="1.3", config_path=str(CONF_DIR), config_name="serve")
@one_error
def main(_: object) -> None:
    """Load the model and answer until Ctrl-C."""
    configure_terminal()
    settings = load_settings(ServeSettings, "serve", list(HydraConfig.get().overrides.task))
    serve(settings, token(settings), Home.current())


def token(settings: ServeSettings) -> str | None:
    """The token that callers must show, from its file or the environment; None for none.

    Raises:
        ConfigError: It cannot be read, is too short, or is missing where others than this machine can ask.

    """
    found = os.environ.get(TOKEN_VARIABLE, "")
    if settings.token_file is not None:
        try:
            found = Path(settings.token_file).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigError(f"token_file: {settings.token_file} cannot be read: {error}") from error
    found = found.strip()
    if found and (len(found) < _SHORTEST_TOKEN or not found.isascii()):
        raise ConfigError(f"the token must be at least {_SHORTEST_TOKEN} ASCII characters, got {len(found)} characters")
    if not found and settings.host not in LOOPBACK:
        raise ConfigError(f"host={settings.host}: others could ask; name a token with token_file=… or {TOKEN_VARIABLE}")
    return found or None


def serve(settings: ServeSettings, own_token: str | None, home: Home) -> None:
    """Serve until a signal ends it; requests that are being answered are finished.

    Raises:
        ModelError: There is no such model.
        TrainingError: It was to be trained first, and was not.
        DataError: The state cannot be kept.

    """
    from tasks.serving.loading import ModelSource

    source = ModelSource(settings.model, settings.tracking, home, settings.candidates)
    if settings.train is not None and source.current() is None:
        _train(settings)
    # Where nothing is registered, loading says what there is.
    reference = source.current() or settings.model
    served = source.load(reference)

    import uvicorn

    from flows.serving.app import create_app
    from flows.serving.metrics import Metrics
    from flows.serving.service import Service
    from tasks.serving.exposure import Pseudonyms
    from tasks.serving.reload import Reloader
    from tasks.serving.served_model import ServedModel
    from tasks.serving.state import StateStore, state_url

    state = settings.state
    store = StateStore(state_url(state, home), state.events_per_user, state.cached_users)
    store.drop_exposures(state.exposure_days)
    service = Service(settings, served, store, Pseudonyms.of(home.serving / "pseudonym.key"), Metrics())

    def swap(model: ServedModel) -> None:
        service.swap(model)
        _settle()

    reloader = None
    if source.moves:
        registry = source.open()
        reloader = Reloader(lambda: source.current(registry), source.load, swap, reference, settings.reload_seconds)
    app = create_app(service, own_token, reloader)
    _settle()
    logger.info("http://%s:%d   the demo; /docs tells of the API", settings.host, settings.port)
    with contextlib.suppress(KeyboardInterrupt, Terminated):  # raised once more after everything was finished
        uvicorn.run(
            app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )  # fmt: skip
    logger.info("ended")


def _settle() -> None:
    """Leave all that is there out of the rounds of the garbage collector.

    A round over what libraries and a large catalogue keep takes a tenth of a second, in which nobody is answered.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _train(settings: ServeSettings) -> None:
    """Train and register in a process of its own: what training holds in memory ends with it."""
    logger.info("%s is not registered yet: training on %s first", settings.model, settings.train)
    words = [f"dataset={settings.train}", "register=true", *settings.train_overrides]
    ended = subprocess.run([sys.executable, "-m", "flows.train", *words], cwd=REPOSITORY, check=False)
    if ended.returncode:
        raise TrainingError(f"training on {settings.train} ended with {ended.returncode}; what it said stands above")


if __name__ == "__main__":
    start(main)
