"""Whether this machine can score: each part is tried and the answer says what to do."""

from __future__ import annotations

import platform
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any

from rebracket_core import __version__
from rebracket_core.errors import NoModelError, RebracketError
from rebracket_core.files import make_folder, open_to_others
from rebracket_core.registry import GROUPS, plugins
from rebracket_core.settings import Settings

MIB = 1024 * 1024
WARN_FREE_BYTES = 1024 * MIB
FAIL_FREE_BYTES = 100 * MIB
MOST_OPEN = 1_000
_PROBE = "A locksmith finds the key that her grandfather swore had been melted down before the flood."


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One part that was tried: its name, how it ended, what was found and what to do ("" where nothing is to do)."""

    name: str
    outcome: Outcome
    detail: str
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The check as plain values."""
        return asdict(self)


def examine(settings: Settings) -> list[Check]:
    """The checks of this machine, in the order in which its parts are needed; none of them raises."""
    parts: tuple[tuple[str, Callable[[Settings], Check]], ...] = (
        ("version", _version),
        ("plugins", _plugins),
        ("home", _home),
        ("disk", _disk),
        ("database", _database),
        ("labels", _labels),
        ("device", _device),
        ("encoder", _encoder),
        ("model", _model),
        ("verdict", _verdict),
    )
    return [_tried(name, part, settings=settings) for name, part in parts]


def _tried(name: str, part: Callable[[Settings], Check], *, settings: Settings) -> Check:
    try:
        return part(settings)
    except NoModelError as error:
        return Check(name, Outcome.WARN, error.message, error.hint)
    except RebracketError as error:
        found = f" ({error.found})" if error.found else ""
        where = f"{error.where}: " if error.where else ""
        return Check(name, Outcome.FAIL, f"{where}{error.message}{found}", error.hint)
    except (OSError, ImportError, RuntimeError, ValueError, MemoryError) as error:
        return Check(name, Outcome.FAIL, f"{type(error).__name__}: {error}", "repair the installation")


def _version(settings: Settings) -> Check:
    detail = f"rebracket {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return Check("version", Outcome.OK, detail)


def _plugins(settings: Settings) -> Check:
    """What other packages bring: loaded each, and in a group that exists."""
    found, wrong = plugins(), list[str]()
    for entry in found:
        brought = f"{entry.group} {entry.name} of {entry.dist.name if entry.dist else 'an unknown package'}"
        if entry.group not in GROUPS:
            near = get_close_matches(entry.group, GROUPS, n=1)
            wrong.append(f"{brought}: no such group" + (f", is {near[0]} meant?" if near else ""))
            continue
        try:
            entry.load()
        except Exception as error:  # whatever a stranger's module raises as it is imported
            wrong.append(f"{brought}: {type(error).__name__}: {error}")
    if wrong:
        return Check("plugins", Outcome.FAIL, "; ".join(wrong), "update or uninstall these packages")
    packages = sorted({f"{entry.dist.name} {entry.dist.version}" for entry in found if entry.dist})
    detail = f"{len(found)} from {', '.join(packages)}" if found else "no other package brings anything"
    return Check("plugins", Outcome.OK, detail)


def _home(settings: Settings) -> Check:
    hint = "make the folder writable, or set REBRACKET_HOME to one that is"
    try:
        make_folder(settings.home)
        with tempfile.NamedTemporaryFile(dir=settings.home, prefix=".doctor.") as probe:
            probe.write(b"rebracket")
    except OSError as error:
        return Check("home", Outcome.FAIL, f"{settings.home}: {error.strerror or error}", hint)
    detail = f"{settings.home} is writable"
    if wide := open_to_others(settings.home, most=MOST_OPEN):
        many = f"{MOST_OPEN} or more" if len(wide) == MOST_OPEN else str(len(wide))
        exposed = f"{many} of its files and folders have modes for others, the first: {wide[0]}"
        return Check("home", Outcome.WARN, f"{detail}; {exposed}", f"run: chmod -R go-rwx {shlex.quote(str(settings.home))}")
    return Check("home", Outcome.OK, f"{detail}, by its owner alone")


def _disk(settings: Settings) -> Check:
    place = next((p for p in (settings.home, *settings.home.parents) if p.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    detail = f"{free / MIB:,.0f} MiB free at {place}"
    if free < WARN_FREE_BYTES:
        outcome = Outcome.FAIL if free < FAIL_FREE_BYTES else Outcome.WARN
        return Check("disk", outcome, detail, "free some space; runs and caches need about 1 GiB")
    return Check("disk", Outcome.OK, detail)


def _database(settings: Settings) -> Check:
    from rebracket_core.scoring import History

    history = History(settings.database_url)
    try:
        detail = history.check()
        if history.log_bytes:
            detail = (
                f"{detail}; {history.log_bytes / 1024:,.0f} KiB stand in its -wal file alone: copy both files, or use "
                "`rebracket annotations backup FILE`"
            )
        return Check("database", Outcome.OK, detail)
    finally:
        history.close()


def _labels(settings: Settings) -> Check:
    """People's labels: events and tables agree, no lease is orphaned, and a backup can be made and read again."""
    from rebracket_core.annotation.database import examine_labels, verify_backup

    found = examine_labels(settings.database_url)
    if found.differences:
        return Check(
            "labels",
            Outcome.FAIL,
            f"{len(found.differences)} differences: {found.differences[0]}",
            "put back the latest backup, or report what is shown",
        )
    drill = verify_backup(settings.database_url)
    tried = "no SQLite file to back up" if drill is None else f"backup and restore tried ({drill.n_bytes / MIB:.1f} MiB)"
    detail = f"{found.n_labels} labels in {found.n_projects} projects, {found.n_leases} leases out; {tried}"
    if found.n_orphans:
        return Check(
            "labels",
            Outcome.WARN,
            f"{detail}; {found.n_orphans} leases of people who are gone",
            "nothing to do: they are given out again when they run out",
        )
    return Check("labels", Outcome.OK, detail)


def _device(settings: Settings) -> Check:
    from rebracket_core.encoders import describe_device

    return Check("device", Outcome.OK, describe_device(settings))


def _encoder(settings: Settings) -> Check:
    import numpy as np

    from rebracket_core.encoders import open_text_encoder

    started = time.perf_counter()
    encoder = open_text_encoder(settings.encoder, settings=settings, cached=False)
    vectors = encoder.encode([_PROBE])
    took_s = time.perf_counter() - started
    if vectors.shape != (1, encoder.dim):
        return Check(
            "encoder",
            Outcome.FAIL,
            f"{settings.encoder} gave vectors of shape {vectors.shape}",
            f"expected (1, {encoder.dim}); install the encoder's files again",
        )
    if not np.isfinite(vectors).all():
        return Check(
            "encoder",
            Outcome.FAIL,
            f"{settings.encoder} gave numbers that are not finite",
            "install the encoder's files again, or set REBRACKET_ENCODER to another",
        )
    return Check("encoder", Outcome.OK, f"{settings.encoder}: one text to {encoder.dim} numbers in {took_s:.1f} s")


def _model(settings: Settings) -> Check:
    from rebracket_core.services.resources import Resources

    resources = Resources(settings)
    model = resources.model()
    broken = resources.runs.broken()
    detail = f"run {model.run_id}, trained on {', '.join(model.origins) or 'texts'}"
    if broken:
        detail = f"{detail}; {len(broken)} unfinished or damaged runs"
        return Check("model", Outcome.WARN, detail, "see: rebracket runs")
    return Check("model", Outcome.OK, detail)


def _verdict(settings: Settings) -> Check:
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.resources import Resources
    from rebracket_core.validation import Concept

    started = time.perf_counter()
    verdict = Verdicts(Resources(settings)).validate([Concept("doctor", _PROBE)], keep=False)[0]
    took_s = time.perf_counter() - started
    if verdict.error:
        hint = "promote another run (rebracket promote RUN), or train again"
        return Check("verdict", Outcome.FAIL, f"a plain text cannot be scored: {verdict.error}", hint)
    return Check("verdict", Outcome.OK, f"{verdict.verdict} {verdict.album} in {took_s * 1000:.0f} ms")
