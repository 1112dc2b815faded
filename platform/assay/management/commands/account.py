"""`assay account create`: an account for a person. The operator's, because it decides who may sign in at all."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assay.accounts import services
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Refusal


class Command(BaseCommand):
    help = "Make an account: assay account create ada --name 'Ada Brandt' (the password is asked, or read from stdin)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="an account that can sign in")
        create.add_argument("username")
        create.add_argument("--name", required=True, help="as it stands under what the person signs")
        create.add_argument("--email", default="")

    def handle(self, *args: Any, username: str, name: str, email: str, **options: Any) -> None:
        password = getpass.getpass(f"Password for {username}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
        try:
            services.create_account(actor=PLATFORM, username=username, name=name, email=email, password=password)
        except Refusal as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(f"{username} can sign in. An administrator of an organisation adds them there next.")
