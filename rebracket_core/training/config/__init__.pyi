from rebracket_core.training.config.document import (
    changed_table as changed_table,
    options_markdown as options_markdown,
    plain_options as plain_options,
    section_title as section_title,
)
from rebracket_core.training.config.finetuning import FinetuningConfig as FinetuningConfig
from rebracket_core.training.config.reading import (
    READING_COLUMNS as READING_COLUMNS,
    ConfigReading as ConfigReading,
    read_config as read_config,
    read_config_file as read_config_file,
    read_config_text as read_config_text,
)
from rebracket_core.training.config.sections import (
    LEAKED as LEAKED,
    DataConfig as DataConfig,
    EvaluationConfig as EvaluationConfig,
    FeaturesConfig as FeaturesConfig,
)
from rebracket_core.training.config.training_config import (
    SECTIONS as SECTIONS,
    TrainingConfig as TrainingConfig,
    all_options as all_options,
)
