"""The audit chain with several writers on PostgreSQL, where nothing but our own lock puts them in a row."""

import hashlib
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction

from governance.foundation.audit import services
from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import PLATFORM, Actor

pytestmark = pytest.mark.usefixtures("postgresql")

WRITERS, EACH = 8, 25


@pytest.fixture
def ada() -> Actor:
    with transaction.atomic():  # her account is told of by the first entry of a test
        return Actor.of(get_user_model().objects.create_user("ada", first_name="Ada", last_name="Byrne"))


def write(actor: Actor, action: str) -> int:
    with transaction.atomic():
        return services.record(actor, action, facts={"why": "test"}, personal={"reason": action}).seq


def recomputed_head() -> str:
    """The chain after RFC 6962's prefixes, worked out here from the stored texts alone."""
    head = bytes(32)
    for body in AuditEvent.objects.order_by("seq").values_list("body", flat=True):
        head = hashlib.sha256(b"\x01" + head + hashlib.sha256(b"\x00" + body.encode()).digest()).digest()
    return head.hex()


def test_eight_writers_leave_one_chain_without_gap_or_fork(at_once: Any, ada: Actor) -> None:
    written = at_once(lambda writer: [write(ada, f"test.{writer}.{n}") for n in range(EACH)], WRITERS)

    numbers = [number for numbers in written for number in numbers]
    assert sorted(numbers) == list(range(1, WRITERS * EACH + 1))
    report = verify()
    assert report.faults == []
    assert report.entries == WRITERS * EACH
    assert report.head == recomputed_head()


def test_a_person_who_acts_first_in_eight_places_at_once_gets_one_pseudonym(at_once: Any, ada: Actor) -> None:
    assert at_once(lambda n: write(ada, f"test.{n}"), WRITERS) != []

    assert Identity.objects.filter(user_id=ada.user_id).count() == 1
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {Identity.objects.get().pseudonym}


def test_an_entry_that_is_rolled_back_leaves_no_gap_for_the_writer_who_waited() -> None:
    holds, goes_on = threading.Event(), threading.Event()

    class Regret(Exception):
        """Rolls the first writer's transaction back."""

    def first_writer() -> None:
        try:
            with transaction.atomic():
                services.record(PLATFORM, "test.regretted")
                holds.set()
                goes_on.wait(30)
                raise Regret
        except Regret:
            pass
        finally:
            connections.close_all()

    second_written: list[int] = []

    def second_writer() -> None:
        try:
            second_written.append(write(PLATFORM, "test.kept"))
        finally:
            connections.close_all()

    first, second = threading.Thread(target=first_writer), threading.Thread(target=second_writer)
    first.start()
    assert holds.wait(30)
    second.start()
    second.join(0.5)
    assert second.is_alive(), "the second writer did not wait for the first one's transaction"
    goes_on.set()
    first.join(30)
    second.join(30)

    assert second_written == [1]
    assert list(AuditEvent.objects.values_list("seq", "action")) == [(1, "test.kept")]
    assert verify().sound
