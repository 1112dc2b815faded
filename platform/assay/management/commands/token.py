"""`assay token create USERNAME`: a token for the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from knox.settings import knox_settings

from assay.accounts import services
from assay.management.refusals import spoken
from governance.foundation.core.actor import PLATFORM


class Command(BaseCommand):
    help = "Make a token for the API. Only its hash is kept: it is printed here, once, alone on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create")
        create = verbs.add_parser("create", help="a new token for an account")
        create.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        with spoken():
            token = services.create_token(actor=PLATFORM, username=username)
        until = timezone.localtime(timezone.now() + knox_settings.TOKEN_TTL)
        self.stdout.write(token)
        self.stderr.write(
            f"Good until {until:%Y-%m-%d %H:%M %Z}, as “Authorization: Token …”. It acts for {username}, but never "
            "signs alone: a decision takes the password as well."
        )
