"""Searches for a person or a phrase in the rows of dataset versions.

What is sought stands in clear in one place, for as long as the search is under way. The record of a search outlives
what it found, and says of what was sought only what somebody can check who knows it already.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare, salted_hmac

from governance.delivery.searches.rules import TRANSITIONS, State
from governance.foundation.jobs.models import Errand
from governance.materials.datasets.models import DatasetVersion
from governance.people.projects.models import Project
from preparation.searching import EXACT, NEAR, folded


class Search(Errand):
    """Who searched, for which case, through which versions, and in how many rows something was found."""

    kind = task = spoken = "search"
    transitions = TRANSITIONS

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="searches")
    case_number = models.CharField(max_length=80)
    how = models.CharField(max_length=8, choices=[(EXACT, EXACT), (NEAR, NEAR)])
    # Keyed with the server's own key as well: who has the database alone cannot try names against it.
    term_salt = models.CharField(max_length=32)
    term_hmac = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    expires_at = models.DateTimeField(null=True, blank=True)  # when what was found is destroyed

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        # Neutral: it stands in lists that people see to whom the case is not told.
        return f"Search of {self.created_at:%d %b %Y, %H:%M}"

    @property
    def is_kept(self) -> bool:
        """Whether what was found is still there."""
        return self.state == State.DONE

    def commit_to(self, term: str, salt: str) -> None:
        self.term_salt, self.term_hmac = salt, _commitment(term, salt, settings.SECRET_KEY)

    def commitment_of(self, term: str) -> str:
        """The keyed digest of a term, as it would be this search's."""
        return _commitment(term, self.term_salt, settings.SECRET_KEY)

    def is_for(self, term: str) -> bool:
        """Whether this very term was sought; the server's former keys are tried too."""
        keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        return any(constant_time_compare(self.term_hmac, _commitment(term, self.term_salt, key)) for key in keys)

    def content(self) -> dict[str, Any]:
        return {
            "case_number": self.case_number,
            "how": self.how,
            "term_hmac": self.term_hmac,
            "by": self.asked_by_name,
            "versions": [each.content() for each in self.parts.all()],
        }


class Term(models.Model):
    """What is sought, in clear, while the search is under way; gone when it ends."""

    search = models.OneToOneField(Search, on_delete=models.CASCADE, primary_key=True, related_name="term")
    text = models.TextField()

    def __str__(self) -> str:
        return f"What {self.search} is for"


class Part(models.Model):
    """One version that a search goes through. `hits` are the rows as preparation.searching names them: places, and the
    shape of what was found, never its letters; destroyed when the search expires."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="parts")
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="searched")
    version_sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(null=True)  # None until it was looked through
    rows_hit = models.PositiveIntegerField(default=0)
    hits = models.JSONField(default=list)

    class Meta:
        ordering = ["version__dataset__name", "-version__number"]
        constraints = [models.UniqueConstraint(fields=["search", "version"], name="searched_once")]

    def __str__(self) -> str:
        return f"{self.version} in {self.search}"

    def content(self) -> dict[str, Any]:
        return {"version": self.version_sha256, "rows": self.rows, "rows_hit": self.rows_hit}


def _commitment(term: str, salt: str, key: str | bytes) -> str:
    return salted_hmac(f"assay.search/1:{salt}", folded(term), secret=key, algorithm="sha256").hexdigest()
