from rebracket_core.jobs.workers.process import start_worker as start_worker
from rebracket_core.jobs.workers.warm_pool import allow as allow, keep_one as keep_one
