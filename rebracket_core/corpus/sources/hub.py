"""Data sets by their name on the Hugging Face hub: the files of one config and split, at one commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rebracket_core.corpus.sources.files import Entry, FileSource
from rebracket_core.corpus.sources.hub_layout import choose_part, parquet_parts
from rebracket_core.errors import DataError

NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
MAX_BYTES = 4 << 30
ANSWER_S = 10.0
_HINT = "download it where there is a network, and import the folder"


class Hub(Protocol):
    """What is asked of the hub."""

    def files(self, name: str, revision: str) -> tuple[str, Mapping[str, int]]:
        """The commit that a revision is, and the files of a data set there with their bytes."""
        ...

    def fetch(self, name: str, path: str, *, commit: str, to: Path) -> None:
        """Write a file of a commit below a folder, under its own path."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A data set of the hub in a folder of this machine: `name` at `commit`, with the files of the chosen part."""

    folder: Path
    name: str
    commit: str


class HuggingFace:
    """The hub itself. Raises DataError, saying what to do, where it cannot be asked or has no such data set."""

    def files(self, name: str, revision: str) -> tuple[str, Mapping[str, int]]:
        """The commit that a revision is, and the files of a data set there with their bytes."""
        from huggingface_hub import HfApi

        try:
            found = HfApi().dataset_info(name, revision=revision, files_metadata=True, timeout=ANSWER_S)
        except Exception as error:  # which HTTP library raises here is the hub client's own choice
            raise _unavailable(f"{name}@{revision}", error) from error
        return str(found.sha), {one.rfilename: int(one.size or 0) for one in found.siblings or ()}

    def fetch(self, name: str, path: str, *, commit: str, to: Path) -> None:
        """Write a file of a commit below a folder, under its own path."""
        from huggingface_hub import hf_hub_download

        try:
            hf_hub_download(name, path, repo_type="dataset", revision=commit, local_dir=to)
        except Exception as error:  # as above
            raise _unavailable(f"{name}@{commit}, {path}", error) from error


def fetch_dataset(
    name: str, *, revision: str, config: str | None, split: str | None, to: Path, hub: Hub | None = None
) -> Fetched:
    """The Parquet files of one config and split of a data set on the hub, written below `to`.

    Raises DataError for a name that is none, a data set without Parquet files in a layout of the hub, a part that has to be
    chosen, more than 4 GiB, and where the hub cannot be reached.
    """
    if not NAME.fullmatch(name):
        raise DataError(
            "This is no name of a data set on the hub.", expected="ORGANISATION/NAME", found=repr(name)[:100], hint="correct it"
        )
    hub = hub or HuggingFace()
    commit, sizes = hub.files(name, revision)
    listed = FileSource(name, tuple(Entry(path) for path in sorted(sizes) if path.endswith(".parquet")), many=True)
    if not parquet_parts(listed):
        raise DataError(
            "The data set has no Parquet files by config and split.",
            expected="files such as CONFIG/train-00000-of-00001.parquet",
            found=", ".join(sorted(sizes)[:10]) or "no files",
            hint="try --revision refs/convert/parquet, where the hub keeps them, or download it and import the folder",
            where=f"{name}@{commit}",
        )
    chosen, _ = choose_part(listed, config=config, split=split)
    size = sum(sizes[entry.name] for entry in chosen.entries)
    if size > MAX_BYTES:
        raise DataError(
            "The part is too large to be fetched.",
            expected=f"at most {MAX_BYTES:,} bytes",
            found=f"{size:,}",
            hint="choose another config or split, or download it and import a file",
            where=f"{name}@{commit}",
        )
    for entry in chosen.entries:
        hub.fetch(name, entry.name, commit=commit, to=to)
    return Fetched(to, name, commit)


def _unavailable(what: str, error: Exception) -> DataError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403, 404):
        expected, hint = "a public data set and a revision that it has", "check the name and the revision"
        found = f"the hub answers {status}"
    else:
        expected, hint = "a hub that answers", _HINT
        found = f"it cannot be reached ({type(error).__name__}: {str(error)[:120]})"
    return DataError("The data set cannot be fetched from the hub.", expected=expected, found=found, hint=hint, where=what)
