"""People's labels: projects, the queue, labels as events, agreement, adjudication. Functions over a `LabelSession`."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
