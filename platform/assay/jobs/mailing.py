"""The letters that tell people, through Django's mail settings, and what is brought to mind before its day.

Part of housekeeping: any process may do it, at any time, and each letter goes out by one of them.
"""

import logging
from datetime import datetime
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.foundation.core.errors import WrongState
from governance.people.notifications import deadlines, letters
from governance.people.notifications.models import Letter, Notice

log = logging.getLogger(__name__)

OFF = "django.core.mail.backends.dummy.EmailBackend"
# Deadlines are days: looking for them a few times an hour is enough, and which process does is all the same.
REMIND_EVERY = 600


def is_on() -> bool:
    """Whether the operator has set how letters go out."""
    return bool(settings.EMAIL_BACKEND != OFF)


def remind() -> None:
    """Tell of deadlines that came near."""
    if cache.add("notifications.remind", True, REMIND_EVERY):
        deadlines.tell_what_is_near()


def post(now: datetime) -> int:
    """Write what is to be told, and send what is due. Returns how many letters went out."""
    if not is_on():
        return 0
    letters.write(now)
    waiting = letters.due(now)
    if not waiting:
        return 0
    count = 0
    connection = get_connection()
    try:
        for letter_id in waiting:
            letter = letters.claim(letter_id, now)
            if letter is not None:
                count += _send(letter, connection)
    except _ServerIsAway:
        log.warning("The mail server does not answer; letters wait.")
    finally:
        connection.close()
    return count


class _ServerIsAway(Exception):
    """The others need not be tried now."""


def _send(letter: Letter, connection: BaseEmailBackend) -> bool:
    """Whether it went out. What became of it is kept with the letter."""
    notices = letters.contents(letter)
    try:
        if not notices or not letter.person.email:
            letters.dropped(letter)
            return False
        connection.send_messages([message(letter, notices)])
        letters.sent(letter)
    except (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError) as refused:
        letters.not_taken(letter, _said(refused), again=not _for_good(refused))
        return False
    except (OSError, SMTPException) as error:
        letters.not_taken(letter, _said(error), again=True)
        raise _ServerIsAway from error
    except WrongState:
        log.warning("Letter %s took so long that it was given up; it may have gone out.", letter.pk)
    return True


def message(letter: Letter, notices: list[Notice]) -> EmailMultiAlternatives:
    """The letter as text and as HTML. Its id goes with it, so that a mail program knows it again."""
    context = {
        "letter": letter,
        "rows": [{"notice": one, "url": _url("notification-open", one.pk)} for one in notices],
        "all_url": _url("notification-list"),
        "preferences_url": _url("notification-preferences"),
    }
    mail = EmailMultiAlternatives(
        subject=_subject(notices),
        body=render_to_string("notifications/letter.txt", context),
        to=[letter.person.email],
        headers={"Message-ID": f"<{letter.pk}@assay>", "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("notifications/letter.html", context), "text/html")
    return mail


def _subject(notices: list[Notice]) -> str:
    if len(notices) == 1:
        return " ".join(f"[{notices[0].project or 'Assay'}] {notices[0].text}".split())[:180]
    return ngettext("Assay: %(n)d thing to know", "Assay: %(n)d things to know", len(notices)) % {"n": len(notices)}


def _url(page: str, *args: object) -> str:
    return settings.ASSAY_URL + reverse(page, args=args)


def _for_good(refused: SMTPException) -> bool:
    """Whether the server will say the same the next time: the 500s of RFC 5321, 4.2.1."""
    if isinstance(refused, SMTPRecipientsRefused):
        return all(code >= 500 for code, _said in refused.recipients.values())
    return isinstance(refused, SMTPResponseException) and refused.smtp_code >= 500


def _said(error: Exception) -> str:
    """What stood in the way, without the addresses that the server may repeat."""
    code = getattr(error, "smtp_code", "")
    if isinstance(error, SMTPRecipientsRefused):
        code = next((code for code, _said in error.recipients.values()), "")
        return _("The mail server refuses the address (%(code)s).") % {"code": code}
    return _("The mail server did not take it (%(what)s).") % {"what": code or type(error).__name__}
