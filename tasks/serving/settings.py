"""What the service is started with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.addresses import carries_password
from tasks.errors import ConfigError
from tasks.hybrid.wide.settings import WideSettings
from tasks.tracking import TrackingSettings

URL_VARIABLE = "COLDCART_STATE_URL"
TOKEN_VARIABLE = "COLDCART_SERVE_TOKEN"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where the state of users is kept.

    Attributes:
        url: SQLAlchemy address (``sqlite:///…`` or ``postgresql+psycopg://…``) without a password; None takes
            ``COLDCART_STATE_URL``, else SQLite below ``COLDCART_HOME``.
        events_per_user: Newest events that are kept of each user, at least 1.
        cached_users: Users whose events are held in memory, at least 0. Several services on one database need 0.
        exposure_days: How long the exposure log is kept, days, at least 1.

    """

    url: str | None = None
    events_per_user: int = 500
    cached_users: int = 100_000
    exposure_days: int = 90

    def __post_init__(self) -> None:
        if self.url is not None and carries_password(self.url):
            # No ValueError: whoever reports one may quote the value.
            raise ConfigError(f"state.url must not carry a password: put the whole address into {URL_VARIABLE}")
        for name, least in (("events_per_user", 1), ("cached_users", 0), ("exposure_days", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What one request, and one client, may ask for.

    Attributes:
        body_bytes: Largest body of a request, at least 1,024.
        list_length: Most items of a list, most items to be ordered, and users of a page of an audience.
        events: Most events of one request.
        requests_per_second: Of one client (its address) on average; 0 for no limit.
        burst: Requests that a client may send at once, at least 1.

    """

    body_bytes: int = 1_048_576
    list_length: int = 1000
    events: int = 1000
    requests_per_second: float = 1000.0
    burst: int = 2000

    def __post_init__(self) -> None:
        for name, least in (("body_bytes", 1024), ("list_length", 1), ("events", 1), ("burst", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 <= self.requests_per_second < math.inf:
            raise ValueError(f"requests_per_second must be at least 0, got {self.requests_per_second}")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """The root of ``conf/serve.yaml``.

    Attributes:
        model: A run folder, an MLflow run id, ``models:/name@alias`` or ``models:/name/version``.
        train: Data set to train on first where ``model`` names a registered model that is not there; None trains none.
        train_overrides: Further settings of that training.
        host: Address to listen on. Beyond this machine a token is required.
        port: 1 … 65535.
        reload_seconds: How often an alias is looked up, above 0; a version it moved to is served from then on.
        token_file: File with the token that callers must show; None takes ``COLDCART_SERVE_TOKEN``, else asks for none.
        batch: Requests that are scored together at most where they wait at the same time, at least 1.
        cached_lists: Lists that are remembered until more is known of their user, or another version is served, at
            least 0.
        exposure: Whether answers are written to the exposure log.
        arms: Weight, above 0, of each arm of an experiment; users are drawn by a hash. None for no experiment.
        segments: Number of segments, at least 2.
        audience_candidates: Users who are scored exactly for an audience, at least 1; found by a coarser score first.
        candidates: How large catalogues are ranked.
        state: Where users' state is kept.
        limits: Of requests.
        tracking: Where models are looked up.

    """

    model: str
    train: str | None = None
    train_overrides: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    reload_seconds: float = 5.0
    token_file: str | None = None
    batch: int = 32
    cached_lists: int = 10_000
    exposure: bool = False
    arms: Mapping[str, float] | None = None
    segments: int = 8
    audience_candidates: int = 500
    candidates: WideSettings = field(default_factory=WideSettings)
    state: StateSettings = field(default_factory=StateSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port must be in 1 … 65535, got {self.port}")
        if not 0 < self.reload_seconds < math.inf:
            raise ValueError(f"reload_seconds must be above 0, got {self.reload_seconds}")
        for name, least in (("batch", 1), ("cached_lists", 0), ("segments", 2), ("audience_candidates", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        for arm, weight in (self.arms or {}).items():
            if not 0 < weight < math.inf:
                raise ValueError(f"arms: the weight of {arm!r} must be above 0, got {weight}")
