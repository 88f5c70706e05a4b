"""Where each output stands in a head's 27 logits: three axis triples, confidence, nine albums, eight types."""

from __future__ import annotations

from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, N_MODES, TYPE_NAMES

N_AXIS_LOGITS = len(AXIS_NAMES) * N_MODES
AXIS = slice(0, N_AXIS_LOGITS)
CONFIDENCE = N_AXIS_LOGITS
ALBUM = slice(CONFIDENCE + 1, CONFIDENCE + 1 + len(ALBUM_NAMES))
TYPES = slice(ALBUM.stop, ALBUM.stop + len(TYPE_NAMES))
N_OUTPUTS = TYPES.stop
# The tasks that share no output, in the order of the outputs; OUTPUT_TASK says which one an output answers.
TASKS = (*AXIS_NAMES, "confidence", "album", "types")
OUTPUT_TASK = (
    *(axis for axis in range(len(AXIS_NAMES)) for _ in range(N_MODES)),
    len(AXIS_NAMES),
    *([len(AXIS_NAMES) + 1] * len(ALBUM_NAMES)),
    *([len(AXIS_NAMES) + 2] * len(TYPE_NAMES)),
)
