"""Data sets in the layouts of Hugging Face: which files belong to which config and split, and the one that is read.

A folder that `save_to_disk` wrote holds Arrow files and says of itself what they are; one of the hub holds Parquet files whose
names and folders say it. Where there are several parts the caller names one; they are never put together by themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from rebracket_core.corpus.readers.json_text import bounded_json
from rebracket_core.corpus.sources.files import Entry, FileSource
from rebracket_core.errors import DataError

STATE, INFO, DICT = "state.json", "dataset_info.json", "dataset_dict.json"
_DESCRIPTION_BYTES = 16 << 20
_SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation", "preview")
_SHARD = re.compile(r"(?P<split>[A-Za-z][\w.-]*?)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?\.parquet")
_PLAIN = re.compile(rf"(?P<split>{'|'.join(_SPLITS)})\.parquet")
_NUMBERED = re.compile(r"\d{1,5}\.parquet")
_DEFAULT = "default"
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one split of one config, in order."""

    config: str
    split: str
    entries: tuple[Entry, ...]

    @property
    def named(self) -> str:
        """The part as the options name it."""
        return f"config {self.config}, split {self.split}"


def choose_part(source: FileSource, *, config: str | None, split: str | None) -> tuple[FileSource, str]:
    """The source without the files of the parts that were not chosen, and a note that names it; any other as it is, with "".

    `split` may name several, joined by "+". Raises DataError, listing the choices, where a part has to be named and is not,
    or there is none of that name; and for a folder of `save_to_disk` that is damaged.
    """
    parts = saved_parts(source) or parquet_parts(source)
    if not parts:
        if config or split:
            raise DataError(
                "The source has no configs and splits.",
                expected="a data set in a layout of Hugging Face (save_to_disk, or Parquet by config and split)",
                found=source.root,
                hint="leave --config and --split out",
            )
        return source, ""
    chosen = _of_split(_of_config(parts, config, source=source), split, source=source)
    others = [part for part in parts if part not in chosen]
    left = {entry.name for part in others for entry in part.entries}
    more = f"; left out: {'; '.join(part.named for part in others[:_SHOWN])}" if others else ""
    note = f"Read: {'; '.join(part.named for part in chosen)}{more}."
    return replace(source, entries=tuple(entry for entry in source.entries if entry.name not in left)), note


def _of_config(parts: list[Part], config: str | None, *, source: FileSource) -> list[Part]:
    names = list(dict.fromkeys(part.config for part in parts))
    if config is None and len(names) == 1:
        return parts
    if config not in names:
        raise _unchosen("config", config, names, source=source)
    return [part for part in parts if part.config == config]


def _of_split(parts: list[Part], split: str | None, *, source: FileSource) -> list[Part]:
    names = [part.split for part in parts]
    if split is None and len(names) == 1:
        return parts
    wanted = [name.strip() for name in (split or "").split("+")]
    for name in wanted:
        if name not in names:
            raise _unchosen("split", name or None, names, source=source)
    return [part for part in parts if part.split in wanted]


def _unchosen(what: str, given: str | None, names: list[str], *, source: FileSource) -> DataError:
    listed = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    together = ", or several splits joined by +" if what == "split" else ""
    return DataError(
        f"There is no {what} of this name." if given else f"The data set has several {what}s, and none was chosen.",
        expected=f"one of {listed}{together}",
        found=repr(given) if given else "none",
        hint=f"name it: --{what} {names[0]} (on the page: the field {what.capitalize()})",
        where=source.root,
    )


def descriptions(source: FileSource) -> frozenset[str]:
    """The names of the files by which saved data sets describe themselves; they hold no records."""
    folders = {str(PurePosixPath(entry.name).parent) for entry in source.entries if entry.suffix == ".arrow"}
    folders |= {str(PurePosixPath(folder).parent) for folder in folders}
    names = {str(PurePosixPath(folder) / name) for folder in folders for name in (STATE, INFO, DICT)}
    return frozenset(names & {entry.name for entry in source.entries})


# ---- Parquet, as on the hub ---------------------------------------------------------------------------------------------


def parquet_parts(source: FileSource) -> list[Part]:
    """The parts that the names of Parquet files tell: config/split-00000-of-00002.parquet, config/split/0000.parquet, ...

    None where any Parquet file has another name: such a folder is read as a whole.
    """
    tables = [entry for entry in source.entries if entry.suffix == ".parquet"] if source.many else []
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in tables:
        key = _key_of(PurePosixPath(entry.name))
        if key is None:
            return []
        found.setdefault(key, []).append(entry)
    return [Part(config, split, tuple(sorted(own, key=lambda e: e.name))) for (config, split), own in sorted(found.items())]


def _key_of(path: PurePosixPath) -> tuple[str, str] | None:
    folders = [name for name in path.parts[:-1] if name != "data"]
    named = _SHARD.fullmatch(path.name) or _PLAIN.fullmatch(path.name)
    if named:
        return "/".join(folders) or _DEFAULT, named["split"]
    if _NUMBERED.fullmatch(path.name) and folders and folders[-1] in _SPLITS:
        return "/".join(folders[:-1]) or _DEFAULT, folders[-1]
    return None


# ---- Arrow, as save_to_disk writes it -----------------------------------------------------------------------------------


def saved_parts(source: FileSource) -> list[Part]:
    """The parts of a folder that `save_to_disk` wrote: each folder with a state.json and an Arrow file is one.

    Raises DataError where a state cannot be read, names a file that is not there, or rows of other files by their number.
    """
    by_name = {entry.name: entry for entry in source.entries}
    arrows = [PurePosixPath(name).parent for name in by_name if name.endswith(".arrow")]
    homes = sorted({folder for folder in arrows if str(folder / STATE) in by_name})
    parts = []
    for folder in homes:
        state = _described(by_name[str(folder / STATE)])
        info = by_name.get(str(folder / INFO))
        config = str(_described(info).get("config_name") or _DEFAULT) if info else _DEFAULT
        split = state.get("_split") or (folder.name if folder.name else "train")
        if folder.name and str(folder.parent / DICT) in by_name:
            split = folder.name  # the key in the dictionary is what people call it
        parts.append(Part(config, str(split), tuple(_files(state, folder, by_name=by_name))))
    return _distinct(parts, homes)


def _described(entry: Entry) -> dict[str, object]:
    try:
        found = bounded_json(entry.read(_DESCRIPTION_BYTES), where=entry.name)
    except (ValueError, RecursionError) as error:
        found = str(error)
    if isinstance(found, dict):
        return found
    raise DataError(
        "The description of a saved data set cannot be read.",
        expected="the JSON that save_to_disk writes",
        found=json.dumps(found)[:100],
        hint="save it again",
        where=entry.name,
    )


def _files(state: dict[str, object], folder: PurePosixPath, *, by_name: dict[str, Entry]) -> Iterable[Entry]:
    if state.get("_indices_data_files"):
        raise DataError(
            "The saved data set picks rows of its files by number.",
            expected="files that hold its rows and no others",
            found="_indices_data_files in state.json",
            hint="save it again after flatten_indices()",
            where=str(folder / STATE),
        )
    listed = state.get("_data_files")
    names = [one.get("filename") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for name in names:
        entry = by_name.get(str(folder / str(name)))
        if entry is None or PurePosixPath(str(name)).name != name:
            raise DataError(
                "A file of the saved data set is not there.",
                expected=str(name)[:200],
                found="no such file beside state.json",
                hint="copy the whole folder",
                where=str(folder / STATE),
            )
        yield entry
    if not names:
        raise DataError(
            "The saved data set names no files.",
            expected="_data_files in state.json",
            found="none",
            hint="save it again",
            where=str(folder / STATE),
        )


def _distinct(parts: list[Part], homes: list[PurePosixPath]) -> list[Part]:
    """The parts, those of one config and split under different folders named by their folder."""
    keys = [(part.config, part.split) for part in parts]
    if len(set(keys)) == len(keys):
        return parts
    return [replace(part, config=str(home)) for part, home in zip(parts, homes, strict=True)]
