from rebracket_core.serving.options import ServeOptions as ServeOptions
from rebracket_core.serving.server import serve as serve
