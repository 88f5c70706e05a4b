"""Models by hub name: fetched once as safetensors with a fast tokenizer, then read from a local folder for ever."""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from pathlib import Path

from rebracket_core.encoders.onnx.minilm_files import encoders_dir
from rebracket_core.encoders.transformers.model_folder import INSTEAD
from rebracket_core.encoders.transformers.pretrained import load_pretrained
from rebracket_core.errors import EncoderError
from rebracket_core.files import make_folder, tighten_tree
from rebracket_core.settings import Settings

logger = logging.getLogger(__name__)

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
ANSWER_S = 10.0


def local_folder(name: str, *, settings: Settings) -> Path:
    """The folder of a model given by path or hub name; a hub model is fetched into the cache the first time.

    Raises: EncoderError where there is neither such a folder nor a hub that has it; it says what can be used instead.
    """
    path = Path(name).expanduser()
    if name and path.is_dir():
        return path.resolve()
    if HUB_NAME.fullmatch(name) is None:
        raise EncoderError(
            f"There is no encoder '{name}'.",
            expected="minilm, minilm-torch, a folder, or a model's name on the hub",
            found="no such folder",
            hint=INSTEAD,
        )
    target = encoders_dir(settings) / "hub" / name.replace("/", "--")
    if not (target / "config.json").is_file():
        _fetch(name, target=target)
    return target


def _fetch(name: str, *, target: Path) -> None:
    reachable = _hub_answers(name)
    try:
        tokenizer, model = load_pretrained(name, offline=not reachable)
        make_folder(target.parent)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
            folder = Path(temporary) / "model"
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            _add_window(name, folder=folder, reachable=reachable)
            tighten_tree(folder)
            if not target.exists():
                os.replace(folder, target)
    except EncoderError as error:
        raise _unavailable(name, error.found, reachable=reachable) from error
    except OSError as error:
        raise _unavailable(name, f"it cannot be kept in {target}: {error}", reachable=True) from error


def _hub_answers(name: str) -> bool:
    """True where the hub knows the model; False where it can't be asked, which is found out within seconds."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        HfApi().model_info(name, timeout=ANSWER_S)
    except OfflineModeIsEnabled:
        return False
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403, 404):
            found = f"the hub answers {status}: no such model, or it is not public"
            raise _unavailable(name, found, reachable=True) from error
        return False
    except Exception as error:  # which HTTP library raises here is the hub client's own choice
        logger.info("The model hub does not answer (%s: %s).", type(error).__name__, error)
        return False
    return True


def _add_window(name: str, *, folder: Path, reachable: bool) -> None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    file = "sentence_bert_config.json"
    try:
        shutil.copy(hf_hub_download(name, file, local_files_only=not reachable), folder / file)
    except EntryNotFoundError:
        return


def _unavailable(name: str, found: str, *, reachable: bool) -> EncoderError:
    return EncoderError(
        f"The encoder '{name}' cannot be loaded.",
        expected="a model on the hub with safetensors weights and a fast tokenizer",
        found=found if reachable else f"the model hub cannot be reached and the model is not on this machine ({found})",
        hint=INSTEAD,
    )
