"""What a map is made of, and the hash that names it: the same texts, encoder, method and seed are the same map."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from rebracket_core.corpus import TEXT_FIELDS
from rebracket_core.errors import ConfigError

FIT_VERSION = 1  # a change of how maps are fitted makes other maps of the same request
NEIGHBOURS = 15
FINAL = "final"


class MapMethod(StrEnum):
    """How vectors become places: PCA at once, UMAP by default, t-SNE for the closest look at neighbours."""

    PCA = "pca"
    UMAP = "umap"
    TSNE = "tsne"


DEFAULTS: Mapping[MapMethod, Mapping[str, float]] = MappingProxyType(
    {
        MapMethod.PCA: MappingProxyType({}),
        MapMethod.UMAP: MappingProxyType({"n_neighbors": 15, "min_dist": 0.1}),
        MapMethod.TSNE: MappingProxyType({"perplexity": 30}),
    }
)
_LIMITS = {"n_neighbors": (2, 200), "min_dist": (0.0, 0.99), "perplexity": (2, 200)}


@dataclass(frozen=True, slots=True)
class MapSpec:
    """One map: whose texts (`dataset`, `digest`), which field, seen by which encoder and layer, laid out how.

    `encoder` is the name that opens the encoder, `encoder_id` everything that changes a vector. `layer` is "final" (what
    the encoder gives) or the number of a hidden layer as text. `run_id` names the run whose encoder it is, or is "".
    `params` are the numbers of the method.
    """

    dataset: str
    digest: str
    encoder: str
    encoder_id: str
    method: MapMethod = MapMethod.UMAP
    dims: int = 2
    text: str = "concept"
    layer: str = FINAL
    run_id: str = ""
    seed: int = 20260122
    params: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.dims not in (2, 3):
            raise _refused("dims", expected="2 or 3", found=self.dims)
        if self.text not in TEXT_FIELDS:
            raise _refused("text", expected=f"one of {', '.join(TEXT_FIELDS)}", found=self.text)
        layer_number(self.layer)
        known = DEFAULTS[MapMethod(self.method)]
        for name, value in self.params.items():
            if name not in known:
                raise _refused(name, expected=f"one of {', '.join(known) or 'no numbers'} for {self.method}", found=name)
            low, high = _LIMITS[name]
            if not low <= value <= high:
                raise _refused(name, expected=f"a number from {low:g} to {high:g}", found=value)
        object.__setattr__(self, "method", MapMethod(self.method))
        object.__setattr__(self, "params", MappingProxyType({**known, **self.params}))

    @property
    def fit_hash(self) -> str:
        """The sha256 of all that decides where the points lie; the name of a run or of an encoder's folder does not."""
        options = {name: value for name, value in self.to_dict().items() if name not in ("encoder", "run_id", "dataset")}
        canonical = json.dumps({**options, "fit_version": FIT_VERSION}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def map_id(self) -> str:
        """The name of the map's folder."""
        name = self.dataset.replace("+", "-")[:24]
        return f"{name}-{self.method}{self.dims}d-{self.fit_hash[:10]}"

    @property
    def title(self) -> str:
        """The map in words: method, dimensions, layer, field and version."""
        names = {MapMethod.PCA: "PCA", MapMethod.UMAP: "UMAP", MapMethod.TSNE: "t-SNE"}
        layer = "" if self.layer == FINAL else f" · layer {self.layer}"
        other = "" if self.text == "concept" else f" · {self.text}"
        return f"{names[self.method]} {self.dims}-D{layer}{other} · {self.encoder_id.split('|')[0]} · {self.fit_hash[:10]}"

    def to_dict(self) -> dict[str, Any]:
        """The request as plain values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "method": str(self.method), "params": dict(self.params)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> MapSpec:
        """The request that `to_dict` gave; a ConfigError where it is none."""
        try:
            return cls(**{name: raw[name] for name in cls.__slots__})
        except (KeyError, TypeError, ValueError) as cause:
            raise ConfigError(
                "This is no description of a map.",
                expected=f"the fields {', '.join(cls.__slots__)}",
                found=f"{type(cause).__name__}: {cause}",
                hint="fit the map again",
            ) from cause


def layer_number(layer: str) -> int | None:
    """The number of a hidden layer, None for "final"; a ConfigError for any other word."""
    if layer == FINAL:
        return None
    if not (layer.isascii() and layer.isdecimal()):
        raise _refused("layer", expected="'final' or the number of a layer", found=layer)
    return int(layer)


def _refused(name: str, *, expected: str, found: object) -> ConfigError:
    return ConfigError(
        f"The option '{name}' of a map is not allowed.", expected=expected, found=repr(found), hint="change it and fit again"
    )
