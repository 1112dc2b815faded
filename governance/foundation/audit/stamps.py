"""Time stamps after RFC 3161: an authority that the operator names says by when a signed head existed.

What is stamped is the whole note as it is given out, with its signature: who steals the key later cannot sign for
an earlier day. The network is `assay.jobs.stamping`'s; here an answer is verified before it is kept, and ever again.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import Certificate, NameOID, load_der_x509_certificate, load_pem_x509_certificates
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from rfc3161_client import (
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.base import HashAlgorithm
from rfc3161_client.verify import SHA256_OID

from governance.foundation.audit import heads
from governance.foundation.audit.der import with_certificates_in_order
from governance.foundation.audit.models import TimeStamp, TreeHead
from governance.foundation.audit.rules import SKEW, digest_of

GRANTED = 0
TROUBLE = "trail.no-stamp"
FIRST_WAIT, LONGEST_WAIT, FORGOTTEN = 60, 3600, 24 * 3600  # seconds


class NotStamped(ValueError):
    """An answer is not taken, or none can be asked for. Says why."""


class Signature(StrEnum):
    """What is known here of a stamp that was kept."""

    HOLDS = "holds"
    NOT_CHECKED = "not checked"  # the operator named no certificates
    BROKEN = "does not hold"


@dataclass(frozen=True)
class Trouble:
    """The last try that gave no stamp. It is kept where everything may be lost: then the next try comes sooner."""

    why: str
    at: datetime
    wait: int  # seconds from then to the next try

    @property
    def is_over(self) -> bool:
        return timezone.now() >= self.at + timedelta(seconds=self.wait)


@dataclass(frozen=True)
class Answer:
    """An authority's answer. Nothing is verified by reading it."""

    der: bytes
    parsed: TimeStampResponse

    @cached_property
    def signer(self) -> Certificate:
        """The certificate that is said to have signed. Raises NotStamped."""
        told = self.parsed.signed_data
        for signer in told.signer_infos:
            for der in told.certificates:
                found = load_der_x509_certificate(der)
                if (found.issuer, found.serial_number) == (signer.issuer, signer.serial_number):
                    return found
        raise NotStamped("the answer does not hold the certificate of who signed it")

    @property
    def at(self) -> datetime:
        return self.parsed.tst_info.gen_time

    @property
    def authority(self) -> str:
        subject = self.signer.subject
        names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value if names else subject.rfc4514_string())[:200]

    def is_for(self, note: str) -> bool:
        imprint = self.parsed.tst_info.message_imprint
        is_sha256 = imprint.hash_algorithm.dotted_string == SHA256_OID
        return is_sha256 and imprint.message == hashlib.sha256(note.encode()).digest()


def is_on() -> bool:
    """Whether the operator named an authority."""
    return bool(settings.ASSAY_TIMESTAMP_URL)


def are_checked() -> bool:
    """Whether the operator says whom to trust; else nothing is known of who signed a stamp."""
    return bool(settings.ASSAY_TIMESTAMP_CERTIFICATES)


def trusted() -> list[Certificate]:
    """The certificates that an answer must lead to. Raises NotStamped."""
    name = settings.ASSAY_TIMESTAMP_CERTIFICATES
    if not are_checked():
        raise NotStamped("ASSAY_TIMESTAMP_CERTIFICATES names no file with the authority's certificates")
    try:
        return load_pem_x509_certificates(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise NotStamped(f"the certificates in {name} cannot be read: {error}") from None


def waiting() -> TreeHead | None:
    """The newest head, where it has no time stamp yet. Those before it need none: it was proved to continue them."""
    last = heads.last() if is_on() else None
    return last if last is not None and of(last) is None else None


def of(head: TreeHead) -> TimeStamp | None:
    return TimeStamp.objects.filter(head=head).first()


def request_for(note: str) -> TimeStampRequest:
    """What an authority is asked: about the digest of a note, with a nonce, and for its certificate."""
    builder = TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA256)
    return builder.cert_request(cert_request=True).nonce(nonce=True).build()


def keep(head: TreeHead, request: TimeStampRequest, der: bytes) -> TimeStamp:
    """Keep the answer to `request` beside `head`, once it is verified. Raises NotStamped."""
    answer = verified(read(der), head.checkpoint, trusted(), nonce=request.nonce)
    why = _untimely(answer, head)
    if abs(answer.at - timezone.now()) > SKEW:
        why = f"says {answer.at:%Y-%m-%d %H:%M} UTC, which is not now"
    if why:
        raise NotStamped(f"the time stamp {why}: is the clock right, there and here?")
    with transaction.atomic():
        made, is_new = TimeStamp.objects.get_or_create(
            head=head, defaults={"at": answer.at, "authority": answer.authority, "response": der}
        )
    if is_new:
        # After the database: the file must not tell of a stamp that a failed commit took away.
        _tell(made)
    return made


def tell_what_was_lost() -> bool:
    """Have the file of heads tell of each stamp that it does not tell of: a process ended in between, or the file was
    begun anew. False where none can be checked here. Raises TrailBroken."""
    try:
        roots = trusted()
    except NotStamped:
        return False
    told = {size for size, _ in heads.stamps_in_file()}
    for stamp in TimeStamp.objects.select_related("head").order_by("pk").iterator():
        if stamp.pk not in told and objection(stamp, roots) is None:  # what somebody slipped in stays untold
            _tell(stamp)
    return True


def _tell(stamp: TimeStamp) -> None:
    digest = digest_of(bytes(stamp.response))
    heads.append({"size": stamp.pk, "stamped": stamp.at.isoformat(), "sha256": digest})


def read(der: bytes) -> Answer:
    """Raises NotStamped for what is no answer, and for one that refuses."""
    try:
        parsed = _decoded(der)
        status, words = parsed.status, "; ".join(parsed.status_string)
        if status == GRANTED:
            parsed.tst_info  # noqa: B018 (read now: whether it is there at all)
    except (ValueError, TypeError) as error:
        why = str(error).partition(" {")[0][:200]
        raise NotStamped(f"the answer is none of a time-stamping authority: {why}") from None
    if status != GRANTED:
        raise NotStamped(f"the authority refuses (status {status}): {words[:200] or 'it does not say why'}")
    return Answer(der, parsed)


def _decoded(answer: bytes) -> TimeStampResponse:
    """Raises ValueError."""
    try:
        return decode_timestamp_response(answer)
    except ValueError as error:
        if "InvalidSetOrdering" not in str(error):
            raise
        return decode_timestamp_response(with_certificates_in_order(answer))


def verified(answer: Answer, note: str, roots: list[Certificate], *, nonce: int | None = None) -> Answer:
    """`answer`, where it is for `note` and was signed, within its certificate's days, by who may stamp times and leads
    to `roots`. Raises NotStamped."""
    if not answer.is_for(note):
        raise NotStamped("the time stamp is for something else")
    near = _near(tuple(answer.parsed.signed_data.certificates), tuple(roots))
    if near and len(near) < len(roots):
        try:
            return verified(answer, note, list(near), nonce=nonce)
        except NotStamped:
            pass  # names can be alike to OpenSSL that differ here, so all decide
    try:
        VerifierBuilder(roots=roots, nonce=nonce).build().verify_message(answer.parsed, note.encode())
    except Exception as error:  # what somebody forged makes parsers raise whatever they have
        # What OpenSSL says stands as a reason in the middle of much else.
        reason = re.search('reason: "([^"]+)"', str(error))
        raise NotStamped(f"the time stamp does not hold: {reason[1] if reason else error}") from None
    return answer


@lru_cache(maxsize=64)
def _near(carried: tuple[bytes, ...], roots: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Those of `roots` that a chain from the certificates that an answer carries can lead to, by their names.

    A file with every authority of the world costs some tens of milliseconds to put into OpenSSL's store, each time.
    Whom fewer roots vouch for, all vouch for; stamps of one authority carry the same certificates.
    """
    own = [load_der_x509_certificate(der) for der in carried]
    names = {name for each in own for name in (each.subject, each.issuer)}
    told = [(each, each.subject, each.issuer) for each in roots]
    while further := {issuer for _, subject, issuer in told if subject in names} - names:
        names |= further
    return tuple(each for each, subject, _ in told if subject in names)


def objection(stamp: TimeStamp, roots: list[Certificate]) -> str | None:
    """What is wrong with a stamp that was kept, in words, or None. Without `roots` nobody's signature is looked at."""
    try:
        answer = read(bytes(stamp.response))
        if not answer.is_for(stamp.head.checkpoint):
            return "is for something else"
        if (answer.at, answer.authority) != (stamp.at, stamp.authority):
            return "says something else than the answer that was kept"
        if why := _untimely(answer, stamp.head):
            return why
        if roots:
            verified(answer, stamp.head.checkpoint, roots)
    except NotStamped as error:
        return f"is not one: {error}"
    except Exception as error:  # forged bytes make parsers raise whatever they have; verification goes on
        return f"is not one: {type(error).__name__}: {str(error)[:200]}"
    return None


def signature(stamp: TimeStamp) -> Signature:
    """What is known here of who signed a stamp; without certificates its words are nobody's yet."""
    try:
        return Signature.BROKEN if objection(stamp, trusted()) else Signature.HOLDS
    except NotStamped:
        return Signature.NOT_CHECKED


def _untimely(answer: Answer, head: TreeHead) -> str | None:
    if answer.at < head.at - SKEW:
        return f"says {answer.at:%Y-%m-%d %H:%M} UTC, before its head was signed"
    return None


def put_off(why: str) -> None:
    """The authority gave no stamp: it is asked again after a wait that doubles, up to an hour."""
    before = trouble()
    wait = min(2 * before.wait, LONGEST_WAIT) if before else FIRST_WAIT
    cache.set(TROUBLE, Trouble(why, timezone.now(), wait), FORGOTTEN)


def trouble() -> Trouble | None:
    """Why the newest head has no stamp yet, where an authority was asked in vain."""
    found: Trouble | None = cache.get(TROUBLE)
    return found


def done_with_trouble() -> None:
    cache.delete(TROUBLE)


def first_to_end(answer: Answer, roots: list[Certificate]) -> Certificate:
    """Of the certificates that lead from who signed `answer` to one of `roots`, the one whose days end first.

    Others in the operator's file, for older stamps, count for nothing; of two that would do, the younger counts.
    """
    known = [*roots, *map(load_der_x509_certificate, answer.parsed.signed_data.certificates)]
    path = [answer.signer]
    while path[-1] not in roots:
        above = [each for each in known if each not in path and _is_issued(path[-1], each)]
        if not above:
            break
        path.append(max(above, key=_end))
    return min(path, key=_end)


def _end(certificate: Certificate) -> datetime:
    return certificate.not_valid_after_utc


def _is_issued(certificate: Certificate, by: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
