"""A service whose model is named by a file instead of an alias: everything of `flows.serve` but the registry.

python -m benchmarks.moving <file that names a model folder> <address of the state> <folder of the key> <port>
"""

import sys
from pathlib import Path

from tasks.hybrid.wide.settings import WideSettings
from tasks.serving.served_model import ServedModel


def load(folder: str) -> ServedModel:
    """The model in a folder, called after it, ready to answer."""
    from tasks.stages.ship import load_model

    served = ServedModel(load_model(Path(folder)), Path(folder).name, WideSettings())
    served.warm_up()
    return served


def main() -> None:
    import uvicorn

    from flows.serving.app import create_app
    from flows.serving.metrics import Metrics
    from flows.serving.service import Service
    from tasks.serving.exposure import Pseudonyms
    from tasks.serving.reload import Reloader
    from tasks.serving.settings import LimitSettings, ServeSettings
    from tasks.serving.state import StateStore

    pointer, url, keys, port = sys.argv[1:]
    settings = ServeSettings(pointer, port=int(port), limits=LimitSettings(requests_per_second=0))
    store = StateStore(url, settings.state.events_per_user, settings.state.cached_users)
    first = Path(pointer).read_text(encoding="utf-8")
    service = Service(settings, load(first), store, Pseudonyms.of(Path(keys) / "key"), Metrics())
    reloader = Reloader(lambda: Path(pointer).read_text(encoding="utf-8"), load, service.swap, first, 0.5)
    uvicorn.run(
        create_app(service, reloader=reloader), host="127.0.0.1", port=int(port), log_config=None, access_log=False
    )


if __name__ == "__main__":
    main()
