"""`assay account create | reset-factors`. The operator's, because it decides who may sign in at all, and how."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from assay.accounts import factors, services
from assay.management.refusals import spoken
from governance.foundation.core.actor import PLATFORM


class Command(BaseCommand):
    help = "Accounts: assay account create ada --name 'Ada Brandt' (the password is asked, or read from stdin)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="an account that can sign in")
        create.add_argument("username")
        create.add_argument("--name", required=True, help="as it stands under what the person signs")
        create.add_argument("--email", default="")
        reset = acts.add_parser("reset-factors", help="for somebody who lost app, keys and recovery codes")
        reset.add_argument("username")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        with spoken():
            self._create(**options) if act == "create" else self._reset(options["username"])

    def _create(self, *, username: str, name: str, email: str, **options: Any) -> None:
        password = getpass.getpass(f"Password for {username}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
        services.create_account(actor=PLATFORM, username=username, name=name, email=email, password=password)
        self.stdout.write(f"{username} can sign in. An administrator of an organisation adds them there next.")

    def _reset(self, username: str) -> None:
        user = get_user_model().objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no account “{username}”.", returncode=2)
        factors.reset(actor=PLATFORM, user_id=user.pk)
        self.stdout.write(f"{username} signs in with the password alone, and can set up another factor.")
