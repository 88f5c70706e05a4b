from rebracket_core.process.blas import one_blas_thread as one_blas_thread
from rebracket_core.process.watchdog import Watchdog as Watchdog
