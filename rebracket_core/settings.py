"""One frozen Settings: where things lie, which device, which thresholds. Built once at the edge from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from rebracket_core.errors import ConfigError
from rebracket_core.thresholds import Thresholds

__all__ = ["TRACKERS", "Settings", "Thresholds", "data_dir"]
TRACKERS = ("mlflow", "wandb", "trackio")
# What "lan" stands for in REBRACKET_OPEN_TO: the private networks and those of one cable (RFC 1918, 3927, 4193, 4291).
LAN = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
_PACKAGE = Path(__file__).resolve().parent


def data_dir() -> Path:
    """The folder of the project's own data (Rainbow Table, starter corpus), from a checkout or an installed wheel."""
    packaged = _PACKAGE / "_data"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "data"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything lies and how the engine runs. All that a user makes is below `home`.

    `open_to` holds the networks (as "10.0.0.0/8") from which the app may be visited without a sign-in, beside this machine.
    """

    home: Path
    database_url: str
    device: str = "auto"
    encoder: str = "minilm"
    validate_root: Path | None = None
    threads: int = 0
    seed: int = 20260122
    max_text_chars: int = 100_000
    thresholds: Thresholds = field(default_factory=Thresholds)
    tracker: str = ""
    ray_address: str = ""
    open_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tracker not in ("", *TRACKERS):
            raise ConfigError(
                "There is no such tracker.",
                expected=f"one of {', '.join(TRACKERS)}, or nothing",
                found=repr(self.tracker),
                hint="change REBRACKET_TRACKER, or unset it",
            )

    @property
    def library(self) -> Path:
        """The folder of imported data sets."""
        return self.home / "library"

    @property
    def runs(self) -> Path:
        """The folder of training runs."""
        return self.home / "runs"

    @property
    def searches(self) -> Path:
        """The folder of searches for training options."""
        return self.home / "searches"

    @property
    def jobs(self) -> Path:
        """The folder of jobs that are neither runs, searches nor maps, such as those of other packages' kinds."""
        return self.home / "jobs"

    @property
    def tracking(self) -> Path:
        """The folder of trackers that keep their records on this machine."""
        return self.home / "tracking"

    @property
    def cache(self) -> Path:
        """The folder of what can be made again: encoder graphs and embeddings."""
        return self.home / "cache"

    @classmethod
    def from_env(cls, env: dict[str, str] | None = None) -> Settings:
        """Settings from REBRACKET_* variables; see the table of settings in the README."""
        env = dict(os.environ) if env is None else env
        home = Path(env.get("REBRACKET_HOME") or data_dir() / "home").expanduser().resolve()
        root = env.get("REBRACKET_VALIDATE_ROOT")
        return cls(
            home=home,
            database_url=env.get("REBRACKET_DB") or f"sqlite:///{home / 'workbench.db'}",
            device=env.get("REBRACKET_DEVICE") or "auto",
            encoder=env.get("REBRACKET_ENCODER") or "minilm",
            validate_root=Path(root).expanduser().resolve() if root else None,
            threads=_whole(env, "REBRACKET_THREADS", 0),
            seed=_whole(env, "REBRACKET_SEED", 20260122),
            max_text_chars=_whole(env, "REBRACKET_MAX_TEXT_CHARS", 100_000),
            tracker=(env.get("REBRACKET_TRACKER") or "").strip().lower(),
            ray_address=(env.get("REBRACKET_RAY_ADDRESS") or "").strip(),
            open_to=_networks(env.get("REBRACKET_OPEN_TO") or ""),
        )

    def to_env(self) -> dict[str, str]:
        """The variables from which another process makes the same settings (thresholds are never changed this way)."""
        found = {
            "REBRACKET_HOME": str(self.home),
            "REBRACKET_DB": self.database_url,
            "REBRACKET_DEVICE": self.device,
            "REBRACKET_ENCODER": self.encoder,
            "REBRACKET_THREADS": str(self.threads),
            "REBRACKET_SEED": str(self.seed),
            "REBRACKET_MAX_TEXT_CHARS": str(self.max_text_chars),
            "REBRACKET_TRACKER": self.tracker,
            "REBRACKET_RAY_ADDRESS": self.ray_address,
            "REBRACKET_OPEN_TO": ",".join(self.open_to),
        }
        return {**found, **({"REBRACKET_VALIDATE_ROOT": str(self.validate_root)} if self.validate_root else {})}


def _networks(value: str) -> tuple[str, ...]:
    """The networks that a list names: addresses, networks and "lan", separated by commas or spaces."""
    found: list[str] = []
    for word in value.replace(",", " ").split():
        if word.lower() == "lan":
            found += LAN
            continue
        try:
            found.append(str(ip_network(word, strict=False)))
        except ValueError as cause:
            raise ConfigError(
                "REBRACKET_OPEN_TO cannot be read.",
                expected="lan, addresses and networks, separated by commas",
                found=repr(word),
                hint="write it as lan, 192.168.1.20 or 10.0.0.0/8, or unset it",
            ) from cause
    return tuple(dict.fromkeys(found))


def _whole(env: dict[str, str], name: str, default: int) -> int:
    value = env.get(name, "")
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise ConfigError(
            f"{name} cannot be read.",
            expected="a whole number, 0 or more",
            found=repr(value),
            hint=f"unset {name} or give it a whole number",
        )
    return number
