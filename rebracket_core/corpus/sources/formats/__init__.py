"""The formats in the order in which a file is tried: the first that knows it reads it."""

from rebracket_core.corpus.sources.base import Format
from rebracket_core.corpus.sources.formats.delimited import DelimitedFormat
from rebracket_core.corpus.sources.formats.json_rows import JsonFormat
from rebracket_core.corpus.sources.formats.jsonl import JsonLinesFormat
from rebracket_core.corpus.sources.formats.lrc import LyricsFormat
from rebracket_core.corpus.sources.formats.manifest import ManifestFormat
from rebracket_core.corpus.sources.formats.parquet import ArrowFormat, ParquetFormat
from rebracket_core.corpus.sources.formats.plain import AboutFormat, PipedFormat, PlainFormat
from rebracket_core.corpus.sources.formats.proposal import ProposalFormat
from rebracket_core.corpus.sources.formats.starter import NotConceptsFormat, StarterFormat
from rebracket_core.corpus.sources.formats.yaml_rows import YamlFormat
from rebracket_core.registry import Registry

FORMATS: Registry[Format] = Registry("format", Format, group="rebracket.formats")
for _kind in (
    ParquetFormat,
    ArrowFormat,
    JsonLinesFormat,
    JsonFormat,
    PipedFormat,
    LyricsFormat,
    ManifestFormat,
    StarterFormat,
    NotConceptsFormat,
    ProposalFormat,
    YamlFormat,
    DelimitedFormat,
    AboutFormat,
    PlainFormat,
):
    FORMATS.register(_kind)

ARCHIVE_SUFFIX = ".zip"

__all__ = ["ARCHIVE_SUFFIX", "FORMATS", "file_types", "formats_in_words", "known_suffixes"]


def known_suffixes() -> frozenset[str]:
    """The endings of all formats that hold records, in lower case with their dot."""
    return frozenset(suffix for format_ in FORMATS if not format_.companion for suffix in format_.suffixes)


def file_types() -> list[str]:
    """The endings of all files that can be read, archives included, without their dot; for a form to choose files."""
    return sorted(suffix.removeprefix(".") for suffix in (*known_suffixes(), ARCHIVE_SUFFIX))


def formats_in_words() -> str:
    """A Markdown list of the formats that a file may have, with what each holds; for the help of a form."""
    held = [format_ for format_ in FORMATS if format_.suffixes and not format_.companion]
    return "\n".join(f"- {format_.label} ({', '.join(format_.suffixes)}): {format_.help}" for format_ in held)
