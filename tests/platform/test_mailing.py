"""Letters through a real mail server on this machine: once each, again where it was away, never where it refused."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from assay.jobs import mailing
from governance.foundation.core.actor import Actor
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.notifications import services
from governance.people.notifications.models import Letter, Notice
from governance.people.notifications.rules import LetterState
from governance.people.projects import services as projects
from governance.people.projects.models import Member
from tests import factories
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(caplog: Any) -> None:
    caplog.set_level("WARNING", logger="mail.log")


class Server(Message):
    """Keeps what it is sent, as the wire had it; answers as `refusal` says where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[EmailMessage] = []
        self.refusal = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: Any) -> None:
        self.taken.append(message_from_bytes(message.as_bytes(), policy=policy.default))  # type: ignore[arg-type]


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    handler = Server()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.ASSAY_URL = "https://assay.linden.example"
    yield handler
    controller.stop()


def has_address(actor: Actor) -> None:
    get_user_model().objects.filter(pk=actor.user_id).update(email=f"{actor.username}@linden.example")


def ask(home: House, rows: int = 9) -> ApprovalRequest:
    version = factories.registered_version(home, rows=rows)
    return approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_a_letter_says_what_the_page_says_and_leads_there(home: House, server: Server, client: Client) -> None:
    has_address(home.ben)
    asked = ask(home)
    assert mailing.post(timezone.now()) == 1
    (mail,) = server.taken
    assert mail["To"] == "ben@linden.example" and mail["Auto-Submitted"] == "auto-generated"
    notice = Notice.objects.get(person=home.ben.user_id)
    url = f"https://assay.linden.example/notifications/{notice.pk}/"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        text = part.get_content()
        assert url in text and "Ada Brandt asks you to decide" in text and str(home.project) in text
        assert "Question" not in text and asked.subject_digest not in text
    client.login(username="ben", password=PASSWORD)
    assert client.get(f"/notifications/{notice.pk}/")["Location"] == f"/approvals/{asked.pk}/"


def test_it_goes_out_once_however_often_house_is_kept(home: House, server: Server) -> None:
    has_address(home.ben)
    ask(home)
    assert [mailing.post(timezone.now()) for _ in range(4)] == [1, 0, 0, 0]
    assert len(server.taken) == 1
    assert Letter.objects.get().state == LetterState.SENT


def test_a_server_that_is_away_is_tried_again_and_the_letter_goes_out_once(
    home: House, server: Server, settings: Any
) -> None:
    has_address(home.ben)
    ask(home)
    ask(home, rows=4)
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    now = timezone.now()
    assert mailing.post(now) == 0
    first = Letter.objects.order_by("created_at").first()
    assert first is not None and first.tries == 1 and first.state == LetterState.QUEUED and first.error
    assert Letter.objects.filter(tries=0).count() == 1, "the second was not tried at a server that is away"
    settings.EMAIL_PORT = there
    assert mailing.post(now) == 1, "only the one that has not to wait"
    assert mailing.post(now + timedelta(minutes=3)) == 1
    assert len(server.taken) == len({mail["Message-ID"] for mail in server.taken}) == 2


def test_an_address_that_is_refused_for_good_is_not_tried_again_and_one_refused_for_now_is(
    home: House, server: Server
) -> None:
    has_address(home.ben)
    ask(home)
    server.refusal = "450 mailbox busy: ben@linden.example"
    mailing.post(timezone.now())
    letter = Letter.objects.get()
    assert letter.state == LetterState.QUEUED and "450" in letter.error and "ben@" not in letter.error
    server.refusal = "550 no such mailbox"
    mailing.post(timezone.now() + timedelta(minutes=5))
    assert Letter.objects.get().state == LetterState.FAILED
    server.refusal = ""
    assert mailing.post(timezone.now() + timedelta(days=1)) == 0
    assert server.taken == []


def test_nothing_goes_to_who_lost_the_role_or_took_the_address_away_meanwhile(home: House, server: Server) -> None:
    has_address(home.ben)
    ask(home)
    projects.dismiss(actor=home.admin, member_id=Member.objects.get(user_id=home.ben.user_id).pk)
    assert mailing.post(timezone.now()) == 0
    assert server.taken == [] and Letter.objects.get().state == LetterState.DROPPED


def test_a_digest_tells_several_things_in_one_letter(home: House, server: Server) -> None:
    has_address(home.ben)
    services.choose(actor=home.ben, channels={"asked": "digest"}, digest_hour=0)
    ask(home)
    ask(home, rows=4)
    Notice.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert mailing.post(timezone.now()) == 1
    assert "2 things to know" in server.taken[0]["Subject"]


def test_without_a_mail_server_nothing_is_written_and_the_page_says_so(
    home: House, settings: Any, client: Client
) -> None:
    settings.EMAIL_BACKEND = mailing.OFF
    has_address(home.ben)
    ask(home)
    assert mailing.post(timezone.now()) == 0 and not Letter.objects.exists()
    client.login(username="ben", password=PASSWORD)
    assert "No letters go out here" in client.get("/notifications/preferences/").content.decode()


def test_what_somebody_writes_breaks_no_header_and_no_markup(home: House, server: Server) -> None:
    has_address(home.ben)
    version = factories.registered_version(home, rows=9)
    version.dataset.name = "<b>desk</b>\nBcc: dev@elsewhere.example"
    version.dataset.save()
    approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    assert mailing.post(timezone.now()) == 1
    (mail,) = server.taken
    assert mail["Bcc"] is None
    html = mail.get_body(("html",))
    assert html is not None and "<b>desk" not in html.get_content()
