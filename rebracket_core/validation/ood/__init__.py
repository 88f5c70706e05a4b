"""Out of distribution: how unlike the training texts a text is, as a p-value that stays honest for held-out groups."""

from rebracket_core.validation.ood.detector import OodDetector, OodMethod
from rebracket_core.validation.ood.measures import nearest

__all__ = ["OodDetector", "OodMethod", "nearest"]
