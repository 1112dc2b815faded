"""Whether this container's process does its work: exit code 0 or 1.

python docker/healthcheck.py web                        /healthz answers
python docker/healthcheck.py gpu|light|scheduler        it reported to the database within its lease
"""

import os
import sys
import urllib.error
import urllib.request
from datetime import timedelta


def web_answers() -> bool:
    """Asked as the proxy in front would ask: under a host name that is allowed and as https, so that the
    answer is that of `/healthz` and not a redirect."""
    port = os.environ.get("ASSAY_BIND", "127.0.0.1:8000").rpartition(":")[2]
    host = os.environ.get("ASSAY_ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/healthz", headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 - plain http to this very container
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return False


def reported(part: str) -> bool:
    """Whether the process of this container that signs as `part` said within a lease that it lives."""
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from assay.jobs.work import worker_name
    from governance.foundation.jobs.models import Worker

    since = timezone.now() - timedelta(seconds=settings.ASSAY_LEASE_SECONDS)
    return Worker.objects.filter(name=worker_name(part), seen_at__gt=since).exists()


if __name__ == "__main__":
    asked = sys.argv[1]
    sys.exit(0 if (web_answers() if asked == "web" else reported(asked)) else 1)
