"""`assay organisation create`: the outer wall, with its first administrator. There is no page for it."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Refusal
from governance.people.organisations import services


class Command(BaseCommand):
    help = "Open an organisation: assay organisation create 'Linden Bank' --seat DE --administrator mira"

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="an organisation with its first administrator")
        create.add_argument("name")
        create.add_argument("--slug", default="", help="short name in addresses; made from the name if left out")
        create.add_argument("--seat", required=True, help="country of its seat, two letters (ISO 3166-1)")
        create.add_argument("--administrator", required=True, help="an existing account (assay account create)")

    def handle(self, *args: Any, name: str, slug: str, seat: str, administrator: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=administrator, is_active=True).first()
        if user is None:
            message = (
                f"There is no account “{administrator}”. Make it first: assay account create {administrator} --name …"
            )
            raise CommandError(message, returncode=2)
        try:
            made = services.create(actor=Actor.of(user), name=name, slug=slug, seat=seat)
        except Refusal as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(f"{made} is open; {administrator} is its administrator and can open projects and add people.")
