"""How the API is served: limits, logs, and which share of the texts asks a second run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rebracket_core.errors import ConfigError
from rebracket_core.serving.guard.access import LOOPBACK_HOSTS as LOOPBACK, parse_hosts, parse_networks

_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]*[A-Za-z0-9_~-])+")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Every limit of a server.

    `per_minute`: requests of one key (or, without keys, one address) in a minute, in bursts of at most a quarter of that;
    `max_body_bytes`, `max_items`, `max_chars`: what one request may hold (2,000 characters, the longest of real concepts,
    in each of 1,000 concepts);
    `max_arriving_bytes`: what the bodies of all large requests that go on may come to;
    `max_queued`, `max_queued_chars`: texts and their characters that wait, beyond which a
    request is asked to come again; `deadline_s`: how long a request may wait for its answer; `batch_items`: texts that are
    scored together; `drain_s`: how long a server that is told to stop finishes what it has;
    `log_texts`: texts stand in the log (never by default); `keep`: verdicts are kept in the history; `sample`: or only
    those of this share of the texts, always the same ones, to watch for drift and to label;
    `second_run`, `second_share`: that share of the texts, always the same ones, asks another run (A/B);
    `trusted_proxies`: addresses or networks whose forwarded headers say who asks; `allowed_hosts`: values of Host that a
    server without keys answers beside those of this machine and `host`; `root_path` is the prefix under which a proxy serves
    the API, such as /rebracket; `head_timeout_s`: how long a connection may take until the head of its request is there;
    `keep_first`: a verdict is in the history and on the disk before its answer is sent, or there is no answer.
    """

    host: str = "127.0.0.1"
    port: int = 8600
    per_minute: int = 6000
    max_body_bytes: int = 8 * 2**20
    max_arriving_bytes: int = 128 * 2**20
    max_items: int = 1000
    max_chars: int = 2_000_000
    max_queued: int = 4000
    max_queued_chars: int = 8_000_000
    deadline_s: float = 120.0
    batch_items: int = 64
    drain_s: float = 10.0
    log_texts: bool = False
    keep: bool = False
    sample: float = 0.0
    second_run: str | None = None
    second_share: float = 0.0
    trusted_proxies: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    head_timeout_s: float = 10.0
    keep_first: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (
            ("port", 0, 65_535),
            ("per_minute", 1, 10**9),
            ("max_body_bytes", 1024, 2**30),
            ("max_arriving_bytes", 1024, 2**40),
            ("max_items", 1, 10**6),
            ("max_queued", 1, 10**7),
            ("batch_items", 1, 4096),
            ("drain_s", 0.0, 3600.0),
            ("second_share", 0.0, 1.0),
            ("sample", 0.0, 1.0),
            ("max_chars", 1, 2**30),
            ("max_queued_chars", 1, 2**32),
            ("deadline_s", 0.01, 86_400.0),
            ("head_timeout_s", 0.01, 3600.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"The option '{name}' of the server is not allowed.",
                    expected=f"{low} to {high}",
                    found=repr(value),
                    hint=f"change {name}",
                )
        self._check_names()

    def _check_names(self) -> None:
        """Raise ConfigError for a proxy, a host, a prefix or a second run that cannot be read."""
        parse_networks(self.trusted_proxies)
        parse_hosts(self.allowed_hosts)
        if self.root_path and not _ROOT_PATH.fullmatch(self.root_path):
            raise ConfigError(
                "The path prefix of the server cannot be used.",
                expected="a path such as /rebracket, without a slash at its end",
                found=repr(self.root_path),
                hint="give it as the proxy serves it: --root-path /rebracket",
            )
        if bool(self.second_run) != (self.second_share > 0):
            raise ConfigError(
                "The share of a second run is not whole.",
                expected="a run and its share, such as RUN:0.1",
                found=f"{self.second_run!r} with {self.second_share}",
                hint="give both, or none",
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK
