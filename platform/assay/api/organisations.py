"""Organisations: read only; their id is what a new project is opened in."""

from typing import ClassVar

from assay.api.nouns import NounViewSet, RecordSerializer
from governance.people.organisations import selectors
from governance.people.organisations.models import Organisation


class OrganisationSerializer(RecordSerializer):
    class Meta:
        model = Organisation
        fields: ClassVar = [
            "id", "name", "slug", "legal_name", "address", "contact", "seat", "authorised_representative",
            "users_band", "revenue_band", "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class OrganisationViewSet(NounViewSet):
    """The organisations to which you belong."""

    noun = "organisation"
    seen = selectors.visible_to
    serializer_class = OrganisationSerializer
