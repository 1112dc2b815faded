"""gunicorn as Assay is served in production: `gunicorn` in the checkout or image reads this file.

Threads, not processes alone: a page waits for the database, hardly ever for the processor. The
worker processes never import PyTorch, so each stays small.
"""

import os

wsgi_app = "assay.wsgi:application"
pythonpath = "platform"  # a source root, never a package; an installed wheel has no need of it
bind = os.environ.get("ASSAY_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("ASSAY_WEB_WORKERS", "2"))
threads = int(os.environ.get("ASSAY_WEB_THREADS", "4"))
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a heartbeat must not wait for a disk
timeout = 60
graceful_timeout = 30
# Workers are replaced now and then, not all at once, so that a slow leak never becomes an outage.
max_requests = 2000
max_requests_jitter = 200
accesslog = "-"
errorlog = "-"
# Who reached us through which proxy is Django's to judge (ASSAY_BEHIND_PROXY).
forwarded_allow_ips = os.environ.get("ASSAY_PROXY_ADDRESSES", "127.0.0.1")
