"""The one description of every training option, and the config that is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.lazy import lazy_face

if TYPE_CHECKING:
    from rebracket_core.training.config.document import changed_table, options_markdown, plain_options, section_title
    from rebracket_core.training.config.finetuning import FinetuningConfig
    from rebracket_core.training.config.sections import LEAKED, DataConfig, EvaluationConfig, FeaturesConfig
    from rebracket_core.training.config.training_config import SECTIONS, TrainingConfig, all_options

_HOMES = {
    "LEAKED": "sections",
    "SECTIONS": "training_config",
    "DataConfig": "sections",
    "EvaluationConfig": "sections",
    "FeaturesConfig": "sections",
    "FinetuningConfig": "finetuning",
    "TrainingConfig": "training_config",
    "all_options": "training_config",
    "changed_table": "document",
    "options_markdown": "document",
    "plain_options": "document",
    "section_title": "document",
}
__all__ = [
    "LEAKED",
    "SECTIONS",
    "DataConfig",
    "EvaluationConfig",
    "FeaturesConfig",
    "FinetuningConfig",
    "TrainingConfig",
    "all_options",
    "changed_table",
    "options_markdown",
    "plain_options",
    "section_title",
]
__getattr__, __dir__ = lazy_face(__name__, _HOMES)
