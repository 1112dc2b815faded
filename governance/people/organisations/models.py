"""Organisations: the outer wall. Nothing crosses from one to another."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record


class Organisation(Record):
    """A legal person that fine-tunes models. Its identity goes into every dossier as the provider's."""

    kind = "organisation"

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    legal_name = models.CharField(max_length=200, blank=True)
    address = models.TextField(blank=True)
    contact = models.CharField(max_length=200, blank=True)
    seat = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2 code of the country of its seat")
    authorised_representative = models.TextField(blank=True)
    # Bands of the licence rule table, as an administrator states them; empty: not stated.
    users_band = models.CharField(max_length=24, blank=True)
    revenue_band = models.CharField(max_length=24, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def organisation_id(self) -> UUID:
        return self.pk

    def content(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "legal_name": self.legal_name,
            "address": self.address,
            "contact": self.contact,
            "seat": self.seat,
            "authorised_representative": self.authorised_representative,
            "users_band": self.users_band,
            "revenue_band": self.revenue_band,
        }


class Membership(Record):
    """A person belongs to an organisation. An administrator opens projects and appoints people; that
    gives no right to decide on anything."""

    kind = "membership"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    is_administrator = models.BooleanField(default=False)

    class Meta:
        ordering = ["user__username"]
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_per_person")]

    def __str__(self) -> str:
        return f"{self.user} in {self.organisation}"
