from rebracket_core.scoring.history import History as History, HistoryEntry as HistoryEntry, HistoryFilters as HistoryFilters
from rebracket_core.scoring.parts import (
    MANIFEST as MANIFEST,
    OrderOptions as OrderOptions,
    PartForm as PartForm,
    Parts as Parts,
)
from rebracket_core.scoring.ray import score_on_ray as score_on_ray
from rebracket_core.scoring.streaming import CHUNK as CHUNK, score_into as score_into
from rebracket_core.scoring.verdict_counts import Bucket as Bucket, VerdictCounts as VerdictCounts, quantile_s as quantile_s
from rebracket_core.scoring.watch import ScoredFile as ScoredFile, Watch as Watch
