"""The data set that a job was made for, as it was then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.errors import DataError
from rebracket_core.settings import Settings

if TYPE_CHECKING:
    from rebracket_core.corpus import Dataset


def pinned_dataset(name: str, *, digest: str, settings: Settings) -> Dataset:
    """The data set of a name. Raises DataError where its digest is another one than when the job was made."""
    from rebracket_core.corpus import Library

    dataset = Library(settings.library).joined(name)
    if dataset.meta.digest != digest:
        raise DataError(
            "The data set has changed since the run was made.",
            expected=f"{name} with the digest {digest[:16]}",
            found=dataset.meta.digest[:16],
            hint="start anew on the data as it is now",
        )
    return dataset
