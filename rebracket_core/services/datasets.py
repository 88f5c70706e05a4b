"""The data sets of a home: imported from anywhere, listed and audited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from rebracket_core.progress import ProgressReporter, counts
from rebracket_core.runs import STARTER
from rebracket_core.services.roots import below_root
from rebracket_core.settings import data_dir
from rebracket_core.texts import clean_note

if TYPE_CHECKING:
    from rebracket_core.corpus import AuditReport, Dataset, DatasetMeta, ReadReport, RowsRead
    from rebracket_core.corpus.sources import Hub
    from rebracket_core.services.resources import Resources


class ImportHints(TypedDict, total=False):
    """What a caller may say of a source; see `corpus.readers.Hints`."""

    text_column: str | None
    group_column: str | None
    config: str | None
    split: str | None


class Datasets:
    """What pages and commands ask of data sets."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def all(self) -> list[DatasetMeta]:
        """What is imported, without opening rows."""
        return self._resources.datasets()

    def get(self, name: str) -> Dataset:
        """One imported data set with its rows; "songs+proposals" gives the rows of both, to train on or evaluate at once."""
        return self._resources.dataset(name)

    def import_path(
        self,
        source: Path,
        *,
        name: str | None = None,
        vectors: Path | None = None,
        vectors_encoder: str = "",
        **columns: Unpack[ImportHints],
    ) -> tuple[Dataset, ReadReport]:
        """Read any source of the users' data and keep it under a name (by default the source's own).

        Args:
            source: a file, a folder or a ZIP.
            name: the data set's name.
            vectors: a Parquet table of the vectors of these rows; by default those that stand beside the texts are taken.
            vectors_encoder: what made the vectors, kept to tell people what a new text needs.
            columns: the columns that hold texts and songs where these have other names; config and split where several.
        """
        from rebracket_core.corpus import read_rows, slug
        from rebracket_core.corpus.readers import Hints
        from rebracket_core.corpus.sources.files import readable_name

        read = read_rows(source, hints=Hints(**columns, vectors=vectors is None))
        if vectors is not None:
            read = _with_vectors_of(read, vectors)
        return self._kept(
            read, name=name or slug(source.stem), source=readable_name(source.name), vectors_encoder=vectors_encoder
        )

    def import_upload(
        self, file_name: str, data: bytes, *, name: str | None = None, vectors_encoder: str = "", **columns: Unpack[ImportHints]
    ) -> tuple[Dataset, ReadReport]:
        """The same for one uploaded file, read within bounds of memory and time; see `corpus.sources.reading_child`."""
        from rebracket_core.corpus import slug
        from rebracket_core.corpus.readers import Hints
        from rebracket_core.corpus.sources import read_rows_apart

        read = read_rows_apart(file_name, data, hints=Hints(**columns, vectors=True))
        return self._kept(read, name=name or slug(Path(file_name).stem), source=file_name, vectors_encoder=vectors_encoder)

    def import_hub(
        self,
        hub_name: str,
        *,
        revision: str,
        name: str | None = None,
        vectors_encoder: str = "",
        hub: Hub | None = None,
        **columns: Unpack[ImportHints],
    ) -> tuple[Dataset, ReadReport]:
        """Fetch one config and split of a data set on the Hugging Face hub and keep it; its source names the commit.

        Raises DataError where the hub cannot be reached, the part has to be chosen, or the data cannot be read.
        """
        from tempfile import TemporaryDirectory

        from rebracket_core.corpus import read_rows, slug
        from rebracket_core.corpus.readers import Hints
        from rebracket_core.corpus.sources import fetch_dataset
        from rebracket_core.files import make_folder

        config, split = columns.get("config"), columns.get("split")
        with TemporaryDirectory(dir=make_folder(self._resources.settings.cache)) as room:
            found = fetch_dataset(hub_name, revision=revision, config=config, split=split, to=Path(room), hub=hub)
            read = read_rows(found.folder, hints=Hints(**columns, vectors=True))
            source = f"{found.name}@{found.commit}"
            return self._kept(read, name=name or slug(hub_name), source=source, vectors_encoder=vectors_encoder)

    def _kept(self, read: RowsRead, *, name: str, source: str, vectors_encoder: str) -> tuple[Dataset, ReadReport]:
        """Keep the rows with their vectors, which carry the name of what made them."""
        named = tuple(replace(found, encoder=clean_note(vectors_encoder)) for found in read.vectors)
        kept = self._resources.library.add(read.frame, name=name, source=source, report=read.report, vectors=named)
        return kept, read.report

    def import_starter(self) -> tuple[Dataset, ReadReport]:
        """The starter corpus that comes with Rebracket, imported under the name "starter"."""
        return self.import_path(data_dir() / "starter" / "concepts", name=STARTER)

    def audit(self, name: str, *, progress: ProgressReporter | None = None) -> AuditReport:
        """What is wrong or remarkable about a data set, near duplicates by meaning included."""
        from rebracket_core.corpus.audit import audit

        dataset = self.get(name)
        encoder = self._resources.encoder(self._resources.settings.encoder)
        vectors = encoder.encode(
            dataset.frame["concept"].tolist(), progress=counts(progress, "Reading texts") if progress else None
        )
        return audit(dataset, vectors=vectors)

    def below_root(self, relative: str) -> Path:
        """A folder below the configured root for validating folders from the browser; anything outside is refused."""
        return below_root(self._resources.settings.validate_root, relative)


def _with_vectors_of(read: RowsRead, path: Path) -> RowsRead:
    """The rows with the vectors of a table of their own, joined by id. Raises DataError where they do not fit one to one."""
    from rebracket_core.corpus import join_embeddings, joined_vectors, read_embeddings

    table, frame = read_embeddings(path), read.frame
    field = "lyrics" if table.text_column == "lyric_text" and any(frame["lyrics"]) else "concept"
    rows = list(zip(frame["row_id"].tolist(), frame[field].tolist(), strict=True))
    found = joined_vectors(rows, ids=table.ids, vectors=table.vectors, field=field, column=table.vector_column, where=path.name)
    join_embeddings(frame, table)  # refuses vectors that were made from other texts
    report = replace(read.report, notes=(*read.report.notes, *table.notes, found.note))
    return replace(read, report=report, vectors=(found,))
