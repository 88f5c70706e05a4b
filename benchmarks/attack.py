"""Attacks on the API, the app and the command line: what each is to meet, and what it met. `python -m benchmarks.attack`.

Everything runs on this machine, against servers that the script starts over homes of its own: an API without keys, one with,
and the app. Each attack has its time limit. The exit code is 1 where one met something else. `--short` leaves out the app, the
soak of 64 clients (15 minutes, or `--soak-minutes`) and most hostile files.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from benchmarks import attack_load, bombs
from benchmarks.attack_scene import (
    LOCAL,
    TEXT,
    WAIT_S,
    Attack,
    Scene,
    all_of,
    copied,
    exchange,
    of,
    posted,
    settings_of,
    status,
)
from rebracket_core.settings import data_dir
from rebracket_core.workbench import Workbench
from tests.support.app_server import AppServer
from tests.support.http_load import Caller, free_port, running
from tests.support.read_only import can_mount, run_full, run_read_only

HEAD_S, DEADLINE_S = 1.0, 4.0
MAX_CHARS = 200_000
SOAK_S = 15 * 60.0
DIFFERS = " **differs**"
GUARDED = ("/v1/runs", "/v1/thresholds", "/v1/rules", "/metrics")
SPELLINGS = ("{}", "{}%0A", "{}/", "/{}", "{}%00", "/.{}", "/..{}", "{}%2f..", "{}?a=b", "{};x")


# ---- the API ----------------------------------------------------------------------------------------------------------


def spelled(scene: Scene) -> str:
    """Guarded paths in many spellings, without a key."""
    return (
        all_of(
            [
                found
                for path in GUARDED
                for spelling in SPELLINGS
                if (found := status(scene.keyed_port, spelling.format(path))) not in ("400", "401", "404")
            ]
        )
        or "nothing opened"
    )


def held_open(sent: bytes, trickle: bytes = b"") -> Callable[[Scene], str]:
    """A request of which only so much is sent, and perhaps a byte now and then."""

    def run(scene: Scene) -> str:
        closed, got = exchange(scene.open_port, sent, trickle=trickle)
        code = got.split(b" ")[1].decode() if got else "no word"
        return f"{code}, {'closed' if closed else 'left open'}"

    return run


def many_held(scene: Scene) -> str:
    """Three hundred half requests, and one whole one beside them."""
    lines = [socket.create_connection(("127.0.0.1", scene.open_port), timeout=WAIT_S) for _ in range(300)]
    try:
        for line in lines:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: loc")
        beside = status(scene.open_port, "/health")
        late = all_of([line.recv(4096)[9:12].decode() or "no word" for line in lines])
    finally:
        for line in lines:
            line.close()
    return f"{beside} beside them, {late} to each"


def large_and_small(scene: Scene) -> str:
    """A batch of many texts, and small requests of others meanwhile."""
    items = [TEXT.format(f"batch {number}, " + "which rang for no one, " * 8) for number in range(600)]
    ended: list[str] = []

    def large() -> None:
        ended.append(posted(scene, json.dumps({"items": items}).encode(), path="/v1/validate/batch"))

    thread = threading.Thread(target=large)
    thread.start()
    time.sleep(0.1)
    small = all_of([posted(scene, of(TEXT.format(f"small {number}"))) for number in range(3)])
    first = "before" if thread.is_alive() or not ended else "after"
    thread.join(WAIT_S * 4)
    return f"small {small} {first} the large one"


def hang_up(scene: Scene) -> str:
    """Twenty callers that send a batch and go."""
    body = json.dumps({"items": [TEXT.format(f"gone {number}") for number in range(200)]}).encode()
    head = f"POST /v1/validate/batch HTTP/1.1\r\nHost: localhost\r\n{LOCAL[0]}\r\nContent-Length: {len(body)}\r\n\r\n"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", scene.open_port), timeout=WAIT_S) as line:
            line.sendall(head.encode() + body)
    return posted(scene, of(TEXT.format("after those who went")))


def foreign_scripts(scene: Scene) -> str:
    """What /docs would load from elsewhere."""
    with Caller(scene.open_port) as caller:
        page = caller.get("/docs")[1].decode()
    loads = [mark for mark in (" src=", "<link", "@import", "url(", "https://", "http://") if mark in page]
    return ", ".join(loads) or "loads nothing"


def named_paths(scene: Scene) -> str:
    """Whether /health names folders while a promoted run is broken, to a caller without a key."""
    runs = scene.room / "keyed" / "runs"
    first = json.loads((runs / "promoted.json").read_text())["run_id"]
    shutil.copytree(runs / first, runs / "broken", ignore=shutil.ignore_patterns("model.safetensors"))
    (runs / "promoted.json").write_text(json.dumps({"run_id": "broken", "at": "", "earlier": [first]}))
    until, trouble = time.monotonic() + WAIT_S, ""
    while not trouble and time.monotonic() < until:
        time.sleep(0.2)
        with Caller(scene.keyed_port) as caller:
            trouble = json.loads(caller.get("/health")[1])["trouble"]
    names = "names the file" if "model.safetensors" in trouble else f"says {trouble[:60]!r}"
    return f"{names}, {'and its folder' if str(scene.room) in trouble else 'no folder'}"


def lost_keys(scene: Scene) -> str:
    """Requests, with the key and without, after the file of the keys was emptied."""
    (scene.room / "keyed" / "api_keys.json").write_text("")
    key = [f"Authorization: Bearer {scene.key}"]
    return all_of([status(scene.keyed_port, path, head=head) for path in GUARDED for head in (key, [])])


def killed(scene: Scene) -> str:
    """SIGKILL while four callers are answered: which acknowledged verdicts the history lacks."""
    assert scene.server is not None

    def ask(which: int) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException), Caller(scene.open_port) as caller:
            for number in range(10_000):
                text = TEXT.format(f"kill {which}-{number}")
                if caller.post("/v1/validate", of(text))[0] == 200:
                    scene.answered.append(text)

    threads = [threading.Thread(target=ask, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + WAIT_S
    while len(scene.answered) < 30 and time.monotonic() < until:
        time.sleep(0.01)
    scene.server.kill()
    for thread in threads:
        thread.join()
    kept = {entry.verdict["text"] for entry in Workbench(settings_of(scene.home)).history.search(limit=100_000)}
    missing = len(set(scene.answered) - kept)
    return f"{missing} of them missing" if scene.answered else "nothing was answered"


HALF = b"POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
API: tuple[Attack, ...] = (
    Attack("guarded paths without a key, 10 spellings", "nothing opened", spelled),
    Attack(
        "a key for another scope", "403", lambda s: status(s.keyed_port, "/metrics", head=[f"Authorization: Bearer {s.key}"])
    ),
    Attack("a control character in a path", "400", lambda s: status(s.open_port, "/v1/runs%0A")),
    Attack("a foreign Host (DNS rebinding)", "400", lambda s: status(s.open_port, "/v1/runs", host="evil.example")),
    Attack("a forged X-Forwarded-For", "403", lambda s: status(s.open_port, "/v1/runs", head=["X-Forwarded-For: 203.0.113.9"])),
    Attack("a body of 9 MB", "413", lambda s: posted(s, b"x" * 9_000_000)),
    Attack("more characters than --max-chars", "413", lambda s: posted(s, of("bell " * MAX_CHARS))),
    Attack(
        "200,000 JSON values",
        "413",
        lambda s: posted(s, b'{"items": [' + b"{}," * 200_000 + b"{}]}", path="/v1/validate/batch"),
    ),
    Attack("JSON 50,000 lists deep", "422", lambda s: posted(s, b'{"text": ' + b"[" * 50_000)),
    Attack("a gzip body", "415", lambda s: posted(s, gzip.compress(of("a bell")), head=[*LOCAL, "Content-Encoding: gzip"])),
    Attack("a body without its type", "415", lambda s: posted(s, of("a bell"), head=[])),
    Attack("a body in Latin-1", "422", lambda s: posted(s, '{"text": "für"}'.encode("latin-1"))),
    Attack("a threshold named self", "422", lambda s: posted(s, of("a bell", thresholds={"self": 0.5}))),
    Attack("a threshold named by half a surrogate", "422", lambda s: posted(s, of("a bell", thresholds={"\ud83d": 0.5}))),
    Attack("a text cut within a character", "200", lambda s: posted(s, of("\ud83d a bell cast in 1911"))),
    Attack("HEAD /health", "200", lambda s: status(s.open_port, "/health", method="HEAD")),
    Attack("a connection that says nothing", "no word, closed", held_open(b"")),
    Attack("half a request line", "408, closed", held_open(b"GET /hea")),
    Attack("a head that trickles", "408, closed", held_open(b"GET /health HTTP/1.1\r\nX: ", b"y")),
    Attack("a body that never comes", "408, closed", held_open(HALF)),
    Attack("300 half requests at once", "200 beside them, 408 to each", many_held),
    Attack("a large batch, small requests beside it", "small 200 before the large one", large_and_small),
    Attack("20 callers that hang up", "200", hang_up),
    Attack("/docs: scripts of others", "loads nothing", foreign_scripts),
    Attack("/health with a broken run, without a key", "names the file, no folder", named_paths),
    Attack("the file of the keys emptied", "503", lost_keys),
    *attack_load.UPLOADS,
    Attack("SIGKILL under --history-first", "0 of them missing", killed),
    *attack_load.ENDS,
)


# ---- the app ----------------------------------------------------------------------------------------------------------


def page(scene: Scene, **headers: str) -> str:
    """The title of the page that a visitor with such headers gets."""
    from tests.support.app_visits import title_of

    assert scene.app is not None
    return title_of(scene.app, **headers)


APP: tuple[Attack, ...] = (
    Attack("app: this machine", "Runs", page, long=True),
    Attack(
        "app: forged X-Forwarded-For", "Not open to this visitor", lambda s: page(s, X_Forwarded_For="203.0.113.9"), long=True
    ),
    Attack("app: forged Forwarded", "Not open to this visitor", lambda s: page(s, Forwarded="for=127.0.0.1"), long=True),
    Attack("app: a foreign Host", "Not open to this visitor", lambda s: page(s, host="evil.example"), long=True),
    *attack_load.APP_UPLOADS,
)


# ---- the home ---------------------------------------------------------------------------------------------------------


def validated(run: Callable[[Path, Sequence[object]], subprocess.CompletedProcess[str]]) -> Callable[[Scene], str]:
    """`validate --out` over a home that takes nothing."""

    def attack(scene: Scene) -> str:
        home = copied(scene.home, scene.room / f"home-{time.monotonic_ns()}")
        target, source = scene.room / "verdicts.jsonl", scene.room / "texts.txt"
        target.unlink(missing_ok=True)
        source.write_text(TEXT.format(1) + "\n")
        done = run(home, ["validate", source, "--out", target])
        lines = len(target.read_text().splitlines()) if target.exists() else 0
        words = "says" if "Not kept" in done.stderr else "does not say"
        return f"exit {done.returncode}, {lines} verdict written, {words} not kept"

    return attack


def nan_model(scene: Scene) -> str:
    """`doctor` over a run whose weights are NaN under a digest that fits."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    home = copied(scene.home, scene.room / "nan")
    model = next((home / "runs").glob("*/model"))
    arrays = load_file(model / "model.safetensors")
    save_file({**arrays, "weight": np.full_like(arrays["weight"], np.nan)}, model / "model.safetensors")
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["arrays_sha256"] = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    (model / "manifest.json").write_text(json.dumps(manifest))
    done = run_full(home, ["doctor"], most_bytes=2**30)
    return f"exit {done.returncode}, {'refused' if 'not finite' in done.stdout + done.stderr else 'not noticed'}"


def bomb(which: bombs.Bomb) -> Attack:
    """A hostile file at the door that it is made for."""

    def run(scene: Scene) -> str:
        folder = scene.room / "bombs"
        folder.mkdir(exist_ok=True)
        passed = bombs.measure(bombs.write(which, folder), [which.door])[0]
        return "within bounds" if not passed.end else passed.end

    return Attack(f"file {which.name} at {which.door}", "within bounds", run, long=which is not bombs.BOMBS[0])


def home_attacks() -> tuple[Attack, ...]:
    """The attacks on files and homes that this machine lets one make."""
    kept = "exit 4, 1 verdict written, says not kept"
    full = validated(lambda home, line: run_full(home, line, most_bytes=20_000))
    mounted = (Attack("validate, read-only home", kept, validated(run_read_only)),) if can_mount() else ()
    return (
        Attack("validate, full home", kept, full),
        *mounted,
        Attack("doctor, a model of NaN", "exit 1, refused", nan_model),
        *map(bomb, bombs.BOMBS),
    )


# ---- the scene --------------------------------------------------------------------------------------------------------


def trained(home: Path, folder: Path) -> Path:
    """A home with a quarter of the starter corpus and one run in production."""
    from rebracket_core.training import TrainingConfig

    folder.mkdir(parents=True)
    for path in sorted((data_dir() / "starter" / "concepts").glob("*.yaml"))[::4]:
        shutil.copy(path, folder)
    bench = Workbench(settings_of(home))
    bench.datasets.import_path(folder, name="starter")
    bench.training.train("starter", config=TrainingConfig.of(ensemble_size=1, folds=3, max_steps=25))
    return home


@contextlib.contextmanager
def staged(home: Path, room: Path, *, app: bool) -> Iterator[Scene]:
    """The servers, started over copies of a trained home and stopped at the end."""
    from rebracket_core.serving.guard import ApiKeyStore

    scene = Scene(room, copied(home, room / "open"), open_port=free_port(), keyed_port=free_port())
    keyed = copied(home, room / "keyed")
    scene.key = ApiKeyStore(keyed / "api_keys.json").add("runs alone", scopes=["runs"])[1]
    serve = ["-m", "rebracket_core.cli", "serve", "--quiet", "--head-timeout", str(HEAD_S)]
    limits = ["--deadline", str(DEADLINE_S), "--max-chars", str(MAX_CHARS), "--history-first"]
    with contextlib.ExitStack() as stack:
        line = [*serve, *limits, "--home", str(scene.home), "--port", str(scene.open_port)]
        scene.server = stack.enter_context(running(line, port=scene.open_port))
        line = [*serve, "--home", str(keyed), "--port", str(scene.keyed_port)]
        stack.enter_context(running(line, port=scene.keyed_port))
        if app:
            scene.app = AppServer(copied(home, room / "app"), log=room / "app.log")
            scene.app.start()
            stack.callback(scene.app.stop)
        yield scene


def attack(home: Path, room: Path, *, short: bool = False, soak_s: float = SOAK_S) -> Iterator[tuple[Attack, str]]:
    """Every attack with what it met, in their order, over copies of a trained home below `room`."""
    with staged(home, room, app=not short) as scene:
        scene.soak_s = soak_s
        for one in (*APP, *home_attacks(), *API):
            if short and one.long:
                continue
            try:
                yield one, one.run(scene)
            except (OSError, RuntimeError, ValueError, http.client.HTTPException, subprocess.SubprocessError) as error:
                yield one, f"{type(error).__name__}: {error}"[:120]


def attacks(*, short: bool = False, soak_s: float = SOAK_S) -> Generator[tuple[Attack, str], None, None]:
    """Every attack with what it met, over a home that is made for them and removed."""
    with tempfile.TemporaryDirectory(prefix="rebracket-attack-") as folder:
        room = Path(folder)
        yield from attack(trained(room / "home", room / "texts"), room, short=short, soak_s=soak_s)


def attack_rows() -> Iterator[dict[str, object]]:
    """The full form as rows of `make bench`; what differs from what was expected says so."""
    for one, observed in attacks():
        yield {"what": one.name, "target": one.expected, "value": observed + ("" if observed == one.expected else DIFFERS)}


def main() -> int:
    """Print the table; 1 where something else was met than expected."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack")
    parser.add_argument("--short", action="store_true", help="without the app, the soak and most hostile files")
    parser.add_argument("--soak-minutes", type=float, default=SOAK_S / 60, help="how long 64 clients hold on (15)")
    options = parser.parse_args()
    wrong = n = 0
    print("| attack | expected | observed |\n|---|---|---|")
    with contextlib.closing(attacks(short=options.short, soak_s=options.soak_minutes * 60)) as found:
        for one, observed in found:
            n += 1
            wrong += observed != one.expected
            mark = "" if observed == one.expected else DIFFERS
            print(f"| {one.name} | {one.expected} | {observed}{mark} |", flush=True)
    print(f"{n} attacks, {wrong} met something else", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
