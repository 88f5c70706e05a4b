"""The kinds of encoders that can be opened by name, each an object that describes itself; heavy things load on opening."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from rebracket_core.encoders.base import Encoder
from rebracket_core.encoders.modality import TEXT
from rebracket_core.encoders.transformers.model_folder import INSTEAD
from rebracket_core.errors import EncoderError
from rebracket_core.registry import Registry
from rebracket_core.settings import Settings

MINILM = "minilm"
MINILM_TORCH = "minilm-torch"
LARGE_CHOICE = "microsoft/deberta-v3-base"


class EncoderKind(ABC):
    """A kind of encoder that `open_encoder` can open.

    Attributes:
        name: stable, and what people give to have it, unless `written` says more.
        label: the name for people.
        help: one sentence.
        modality: the name of a registered modality: what its encoders read.
        written: how people write it, such as "precomputed:TABLE.parquet"; "" for the name itself.
        catch_all: whether it is asked last, because its names have no form of their own.
        stored: whether its vectors were made elsewhere and are at hand, so that no cache stands in front.
    """

    name: str
    label: str
    help: str
    modality: str = TEXT.name
    written: str = ""
    catch_all: bool = False
    stored: bool = False

    def matches(self, name: str) -> bool:
        """Whether a name that somebody gave means this kind."""
        return name == self.name

    @abstractmethod
    def open(self, name: str, settings: Settings) -> Encoder[Any]:
        """Return the encoder of that name, without a cache. Raises: EncoderError where it cannot be opened."""

    def model_folder(self, name: str, settings: Settings) -> Path:
        """Return the folder of the transformers model below, for PyTorch: its layers, gradients, fine-tuning.

        Raises: EncoderError where there is no such model.
        """
        raise EncoderError(
            f"The encoder '{name}' has no transformers model that could be opened.",
            expected="an encoder that PyTorch runs",
            found=self.label,
            hint=INSTEAD,
        )

    def open_layer(self, name: str, layer: int, *, settings: Settings) -> Encoder[Any]:
        """Return an encoder from a hidden layer of the model below (0 the word embeddings), through PyTorch."""
        from rebracket_core.encoders.transformers.encoder import TorchTransformer

        return TorchTransformer(str(self.model_folder(name, settings)), settings=settings, layer=layer)


ENCODERS: Registry[EncoderKind] = Registry("kind of encoder", EncoderKind, group="rebracket.encoders")


@ENCODERS.register
class MiniLM(EncoderKind):
    """The bundled MiniLM in ONNX Runtime."""

    name = MINILM
    label = "MiniLM"
    help = "The bundled all-MiniLM-L6-v2 in ONNX Runtime, on the CPU."

    def open(self, name: str, settings: Settings) -> Encoder[str]:
        """Return MiniLM; its files are checked by digest."""
        from rebracket_core.encoders.onnx.minilm import OnnxMiniLM

        return OnnxMiniLM(settings)

    def model_folder(self, name: str, settings: Settings) -> Path:
        """Return MiniLM's checked folder."""
        from rebracket_core.encoders.onnx.minilm_files import find_minilm

        return find_minilm(settings).folder


@ENCODERS.register
class MiniLMTorch(MiniLM):
    """The bundled MiniLM in PyTorch."""

    name = MINILM_TORCH
    label = "MiniLM in PyTorch"
    help = "The same weights in PyTorch, on the device of the settings."

    def open(self, name: str, settings: Settings) -> Encoder[str]:
        """Return MiniLM as PyTorch runs it."""
        from rebracket_core.encoders.transformers.encoder import TorchTransformer

        return TorchTransformer(str(self.model_folder(name, settings)), settings=settings)


@ENCODERS.register
class PrecomputedTable(EncoderKind):
    """The vectors of a table, found by their texts."""

    name = "precomputed"
    label = "Precomputed vectors"
    help = "Vectors of a Parquet table, found by the texts beside them; other texts have none."
    written = "precomputed:TABLE.parquet"
    stored = True

    def matches(self, name: str) -> bool:
        """Whether the name begins with "precomputed:"."""
        return name.startswith(f"{self.name}:")

    def open(self, name: str, settings: Settings) -> Encoder[str]:
        """Return the encoder of the table at the path after the colon."""
        from rebracket_core.encoders.precomputed import PrecomputedTexts

        return PrecomputedTexts(Path(name.partition(":")[2]).expanduser())


@ENCODERS.register
class VectorsOfDataset(EncoderKind):
    """The vectors that came with the texts of a data set."""

    name = "vectors"
    label = "Vectors of the data set"
    help = "The vectors that were imported with a data set's texts; a new text needs a vector of its own."
    written = "vectors:DATASET"
    stored = True

    def matches(self, name: str) -> bool:
        """Whether the name begins with "vectors:"."""
        return name.startswith(f"{self.name}:")

    def open(self, name: str, settings: Settings) -> Encoder[str]:
        """Return the encoder of the data set after the colon."""
        from rebracket_core.encoders.dataset_vectors import open_vectors

        return open_vectors(name, settings)


@ENCODERS.register
class Transformers(EncoderKind):
    """Any transformers model."""

    name = "transformers"
    label = "Transformers model"
    help = "Any transformers model with safetensors weights and a fast tokenizer, in PyTorch; mean pooling."
    written = "FOLDER or ORGANISATION/MODEL"
    catch_all = True

    def matches(self, name: str) -> bool:
        """Whether the name is a folder, or could be a model's name on the hub."""
        from rebracket_core.encoders.transformers.model_hub import is_model_name

        return is_model_name(name)

    def open(self, name: str, settings: Settings) -> Encoder[str]:
        """Return the encoder of a folder or hub name; a hub model is fetched into the cache the first time."""
        from rebracket_core.encoders.transformers.encoder import TorchTransformer

        return TorchTransformer(name, settings=settings)

    def model_folder(self, name: str, settings: Settings) -> Path:
        """Return the folder itself, or that of the fetched hub model."""
        from rebracket_core.encoders.transformers.model_hub import local_folder

        return local_folder(name, settings=settings)


def kind_of(name: str) -> EncoderKind:
    """Return the kind of encoder that a name means. Raises: EncoderError, with all kinds, for a name of none."""
    kinds = sorted(ENCODERS, key=lambda kind: kind.catch_all)
    for kind in kinds:
        if kind.matches(name):
            return kind
    raise EncoderError(
        f"There is no encoder '{name}'.", expected=names_of_encoders(), found="no such folder or kind", hint=INSTEAD
    )


def names_of_encoders() -> str:
    """Return how encoders are named, of every kind, for help texts and messages: "minilm, minilm-torch, ..."."""
    return ", ".join(kind.written or kind.name for kind in ENCODERS)
