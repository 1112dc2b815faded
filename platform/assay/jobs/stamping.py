"""Asking the time-stamping authority that the operator named: the one request that leaves the house for the trail.

In no transaction, and for no page: the scheduler has a thread for it, and an authority that is slow or away holds
nobody up.
"""

import logging
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from django.conf import settings

from governance.foundation.audit import stamps
from governance.foundation.audit.models import TimeStamp
from governance.foundation.audit.stamps import NotStamped

LARGEST = 64 * 1024  # bytes of an answer; one with all its certificates has some thousand
SECONDS = 15  # for each word of the network, and for the whole answer
PIECE = 4096

log = logging.getLogger(__name__)


def stamp_when_due() -> TimeStamp | None:
    """Have the newest head time stamped, where it is not and the last vain try is long enough ago."""
    head, before = stamps.waiting(), stamps.trouble()
    if head is None or (before is not None and not before.is_over):
        return None
    request = stamps.request_for(head.checkpoint)
    try:
        stamps.trusted()  # nobody is asked for what could not be verified
        kept = stamps.keep(head, request, answer_to(request.as_bytes()))
    except NotStamped as error:
        log.warning("The head at entry %d is not time stamped yet: %s", head.size, error)
        stamps.put_off(str(error))
        return None
    stamps.done_with_trouble()
    return kept


def probe() -> stamps.Answer:
    """An answer of the authority about a text that means nothing, verified as one that is kept. Raises NotStamped."""
    text = "Does the authority answer?"
    request = stamps.request_for(text)
    return stamps.verified(stamps.read(answer_to(request.as_bytes())), text, stamps.trusted(), nonce=request.nonce)


def answer_to(request: bytes) -> bytes:
    """What the authority's server sends back (RFC 3161, 3.4). Raises NotStamped where it does not, or too much."""
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    asked = Request(settings.ASSAY_TIMESTAMP_URL, data=request, headers=headers)  # noqa: S310 (http or https: env.py)
    ends = time.monotonic() + SECONDS
    try:
        with _opener().open(asked, timeout=SECONDS) as response:
            got = b""
            while piece := response.read1(PIECE):
                got += piece
                if len(got) > LARGEST:
                    raise NotStamped(f"the authority sends more than {LARGEST:,} bytes")
                if time.monotonic() > ends:
                    raise NotStamped(f"the authority's answer takes longer than {SECONDS} s")
            return got
    except HTTPError as error:
        raise NotStamped(f"the authority's server answers {error.code}") from None
    except (OSError, HTTPException) as error:
        raise NotStamped(f"the authority does not answer: {str(error)[:200] or type(error).__name__}") from None


def _opener() -> OpenerDirector:
    """HTTP and HTTPS alone, and to where we were told: no redirection is followed."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener
