"""The data sets of a home: imported from anywhere, listed and audited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rebracket_core.progress import ProgressReporter, counts
from rebracket_core.runs import STARTER
from rebracket_core.services.roots import below_root
from rebracket_core.settings import data_dir

if TYPE_CHECKING:
    from rebracket_core.corpus import AuditReport, Dataset, DatasetMeta, ReadReport
    from rebracket_core.services.resources import Resources


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
        self, source: Path, *, name: str | None = None, text_column: str | None = None, group_column: str | None = None
    ) -> tuple[Dataset, ReadReport]:
        """Read any source of the users' data and keep it under a name (by default the source's own).

        `text_column` and `group_column` name the columns that hold texts and songs where these have other names.
        """
        from rebracket_core.corpus import read_source, slug
        from rebracket_core.corpus.sources.files import readable_name

        frame, report = read_source(source, text_column=text_column, group_column=group_column)
        kept = self._resources.library.add(
            frame, name=name or slug(source.stem), source=readable_name(source.name), report=report
        )
        return kept, report

    def import_upload(
        self,
        file_name: str,
        data: bytes,
        *,
        name: str | None = None,
        text_column: str | None = None,
        group_column: str | None = None,
    ) -> tuple[Dataset, ReadReport]:
        """The same for one uploaded file, read within bounds of memory and time; see `corpus.sources.reading_child`."""
        from rebracket_core.corpus import slug
        from rebracket_core.corpus.sources import read_rows_apart

        frame, report = read_rows_apart(file_name, data, text_column=text_column, group_column=group_column)
        kept = self._resources.library.add(frame, name=name or slug(Path(file_name).stem), source=file_name, report=report)
        return kept, report

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
