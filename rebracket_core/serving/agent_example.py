"""A worked example: `python -m rebracket_core.serving.agent_example FOLDER` runs the graph offline over song proposals.

The generator is a script, not a language model: for each thread and colour it offers the proposals that the folder holds
of them, one after another, as the workflow wrote them. What it shows is the graph's work, and what second tries are worth.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import RebracketError
from rebracket_core.serving.agent import MAX_TRIES, Ask, Branch, ConceptState, ask_server, ask_workbench, concept_graph

if TYPE_CHECKING:
    from rebracket_core.validation import Concept


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the graph fared: commissions (a thread and a colour), those accepted at the first try and at the end, tries.

    `right_at_first` and `right_at_last` count the accepted whose album is the one that was asked for.
    """

    commissions: int
    with_second: int
    at_first: int
    at_last: int
    right_at_first: int
    right_at_last: int
    tries: int
    branches: dict[str, int]

    def lines(self) -> list[str]:
        """The outcome in words."""
        n = max(1, self.commissions)
        return [
            f"{self.commissions} commissions, {self.with_second} of them with more than one proposal",
            f"accepted at the first try: {self.at_first} ({self.at_first / n:.3f}), of these {self.right_at_first} as asked",
            f"accepted in the end: {self.at_last} ({self.at_last / n:.3f}), of these {self.right_at_last} as asked",
            f"tries: {self.tries} ({self.tries / n:.2f} a commission)",
            f"branches: {', '.join(f'{name} {count}' for name, count in sorted(self.branches.items()))}",
        ]


def commissions(concepts: Iterable[Concept]) -> dict[tuple[str, str], list[str]]:
    """The texts of proposals by thread (their folder) and album, in the order of their names."""
    found: dict[tuple[str, str], list[str]] = {}
    for concept in concepts:
        if concept.error is None and concept.expected_album:
            place = (PurePath(concept.source).parent.name, concept.expected_album)
            found.setdefault(place, []).append(concept.text)
    return found


def scripted(script: Sequence[str]) -> Any:
    """A generator that offers its texts one after another, and then nothing."""

    def generate(state: ConceptState) -> Mapping[str, Any]:
        at = len(state.get("tries", []))
        return {"text": script[at] if at < len(script) else ""}

    return generate


def run_example(scripts: Mapping[tuple[str, str], Sequence[str]], ask: Ask, *, max_tries: int, strict: bool) -> Outcome:
    """The outcome of the graph over all commissions; with `strict` a concept of another album than asked is tried again."""
    branches: Counter[str] = Counter()
    first = last = right_first = right_last = tries = 0
    for (_, album), script in scripts.items():
        graph = concept_graph(scripted(script), ask, max_tries=max_tries)
        begun: ConceptState = {"wanted_album": album} if strict else {}
        end = graph.invoke(begun, {"recursion_limit": 2 * max_tries + 5})
        branches[end["branch"]] += 1
        tries += len(end["tries"])
        for tried, is_first in ((end["tries"][0], True), (end["tries"][-1], False)):
            passed = tried["branch"] != Branch.REJECT.value
            right = passed and tried["verdict"]["album"] == album
            if is_first:
                first, right_first = first + passed, right_first + right
            else:
                last, right_last = last + passed, right_last + right
    return Outcome(
        commissions=len(scripts),
        with_second=sum(len(script) > 1 for script in scripts.values()),
        at_first=first,
        at_last=last,
        right_at_first=right_first,
        right_at_last=right_last,
        tries=tries,
        branches=dict(branches),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example and print its outcome."""
    parser = argparse.ArgumentParser(prog="python -m rebracket_core.serving.agent_example", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder with one folder of song proposals a thread")
    parser.add_argument("--url", help="a server to ask; without it the engine in this process")
    parser.add_argument("--key", default="", help="the server's key")
    parser.add_argument("--run", help="the run to ask; by default the promoted one")
    parser.add_argument("--tries", type=int, default=MAX_TRIES)
    parser.add_argument("--strict", action="store_true", help="try again where the album is not the one asked for")
    options = parser.parse_args(arguments)
    try:
        from rebracket_core.corpus.sources import read_concepts
        from rebracket_core.settings import Settings

        scripts = commissions(read_concepts([options.folder]).concepts)
        if options.url:
            from rebracket_core.serving.client import Client

            ask = ask_server(Client(options.url, key=options.key), run=options.run)
        else:
            from rebracket_core.workbench import get_workbench

            ask = ask_workbench(get_workbench(Settings.from_env()), run=options.run, keep=False)
        outcome = run_example(scripts, ask, max_tries=options.tries, strict=options.strict)
    except RebracketError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(outcome.lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
