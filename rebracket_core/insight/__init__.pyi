from rebracket_core.insight.drift import MOST_TEXTS as MOST_TEXTS, Drift as Drift, two_sample as two_sample
from rebracket_core.insight.review import Review as Review
