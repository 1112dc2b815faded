"""Whether the web process of this container answers: exit code 0 or 1.

It asks as the proxy in front would, under a host name that is allowed and as https, so that the answer is
that of `/healthz` and not a redirect.
"""

import os
import sys
import urllib.error
import urllib.request

PORT = os.environ.get("ASSAY_BIND", "127.0.0.1:8000").rpartition(":")[2]
HOST = os.environ.get("ASSAY_ALLOWED_HOSTS", "localhost").split(",")[0].strip()

request = urllib.request.Request(
    f"http://127.0.0.1:{PORT}/healthz", headers={"Host": HOST, "X-Forwarded-Proto": "https"}
)
try:
    with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 - plain http to this very container
        sys.exit(0 if answer.status == 200 else 1)
except (urllib.error.URLError, TimeoutError) as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(1)
