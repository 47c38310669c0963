"""How gunicorn serves `wsgi:application`; every value an operator may change is in settings.py."""

import gc
import os
import resource
import shutil
from pathlib import Path

from gunicorn.glogging import Logger

import logs
import settings as configuration
from processes import gate, handover
from processes.ports import address

# gunicorn runs this file at its start and at each HUP; what it finds is what new workers get, but for SQLite, where
# they are forks of a master that has loaded everything.
settings = configuration.read_again()

bind = [address(settings.host, settings.port)]
backlog = 2048
workers = settings.web_workers

# Only greenlets outlive clients that send slowly (bench/slow_clients.py). Their worker patches the standard library
# before it imports the application, and psycopg, imported after that, waits in gevent's loop.
worker_class = "gevent" if settings.serves_with_greenlets else "gthread"
preload_app = settings.on_sqlite  # greenlets need the standard library patched before the application is imported
threads = settings.web_threads
worker_connections = 1000  # live connections leave the server once they are made

timeout = 30
graceful_timeout = 30
keepalive = 5

# 64 headers of at most 8 KiB; a 64 KiB header is refused with 431 and a long address with 414 before Flask sees them.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# What a proxy says is judged once, in the application, by TRUSTED_PROXIES.
forwarded_allow_ips = ""

# The control socket lies in the user's home by default, where two Daybooks would share it.
control_socket_disable = True

# The heartbeat file is touched every second: in memory, so that a busy disk cannot make a worker look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108



class JsonLines(Logger):
    """gunicorn's own records, written as everybody else's are; no access log, for the application says more."""

    def setup(self, cfg):
        super().setup(cfg)
        logs.set_up()
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = JsonLines
loglevel = settings.log_level.lower()
accesslog = None

# Each worker counts in files of its own and /metrics adds them up. Must stand before prometheus_client is imported.
_metrics = settings.var_dir.absolute() / f"metrics-{settings.port}"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)
_metrics.mkdir(parents=True, exist_ok=True)  # a master that loads the application makes its counters before it starts


# Every live connection is an open file.
_, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most_files, _most_files))


def post_worker_init(worker):
    """Have live connections told as soon as their worker is to stop."""
    from web.focusflow.lookout import lookout

    lookout.watch(worker)
    if worker_class == "gevent":
        from web.greenlets import take_over_waiting

        take_over_waiting()
    # What is loaded stays loaded: looking through all of it at each full collection would hold up every request and
    # every live connection of this process for a tenth of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    handover.say_ready(_metrics, worker.pid)


def worker_exit(server, worker):
    """Say good-bye to whoever is still connected."""
    from web.focusflow.lookout import lookout

    lookout.end()


def on_reload(server):
    """Let the old workers serve until the new ones can."""
    handover.keep_old(server, _metrics)


def on_starting(server):
    """Wait until there is a database, and begin with empty counters: an earlier run's processes are gone."""
    gate.wait()
    shutil.rmtree(_metrics, ignore_errors=True)
    _metrics.mkdir(parents=True, exist_ok=True)


def child_exit(server, worker):
    """Take a dead worker's gauges out of the sum; its counters stay."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
    handover.forget(_metrics, worker.pid)
