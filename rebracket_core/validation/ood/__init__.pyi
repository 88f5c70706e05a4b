from rebracket_core.validation.ood.detector import OodDetector as OodDetector, OodMethod as OodMethod
from rebracket_core.validation.ood.measures import nearest as nearest
