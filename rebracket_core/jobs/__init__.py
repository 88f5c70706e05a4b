"""Long work outside the page: job folders, kinds of jobs, workers, launchers, progress, cancel and resume."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
