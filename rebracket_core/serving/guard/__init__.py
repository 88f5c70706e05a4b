"""Who is answered: paths, keys, hosts, proxies and rates, decided before a request reaches the API."""

from rebracket_core.lazy import lazy_face

__getattr__, __dir__, __all__ = lazy_face(__name__, __file__)
