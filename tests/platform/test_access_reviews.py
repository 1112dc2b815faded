"""A review of access by pages and by the API."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.people.access_reviews import selectors
from governance.people.access_reviews.models import AccessReview
from governance.people.engagements import services as engagements
from governance.people.projects.models import Member
from tests.callers import API, by_token, proof
from tests.people import PASSWORD, House, person

pytestmark = pytest.mark.django_db


def test_a_review_by_pages_shows_faults_beside_the_row_and_keeps_what_was_typed(home: House) -> None:
    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    listed = client.get(reverse("access-review-list")).content.decode()
    assert "never looked through" in listed
    page = reverse("project-review-access", args=[home.project.pk])
    rows = selectors.rows_of(home.admin, home.project)
    vera = next(row.id for row in rows if row.username == "vera")
    given = {"shown": selectors.shown_sha256(rows), "password": PASSWORD, f"verdict-{vera}": "remove"}
    undecided = client.post(page, given).content.decode()
    assert f'<a href="#id_verdict-{rows[0].id}">{rows[0].name}, ' in undecided
    assert "Nothing is chosen yet: keep or change or remove." in undecided
    given = {f"verdict-{row.id}": "keep" for row in rows} | given
    refused = client.post(page, given)
    assert refused.status_code == 422
    assert "Say why Vera Lund does not keep the role of viewer" in refused.content.decode()
    wrong = client.post(page, given | {str(vera): "She left.", "password": "wrong"})
    assert wrong.status_code == 422 and "not your password" in wrong.content.decode()
    assert Member.objects.filter(user__username="vera").exists()
    signed = client.post(page, given | {str(vera): "She left."}, follow=True).content.decode()
    assert "of Linden Bank, in each of its projects" in signed
    assert "She left." in signed and "removed" in signed and "Admin Adler" in signed
    assert not Member.objects.filter(user__username="vera").exists()


def test_an_auditor_is_taken_out_by_the_page_of_the_review(home: House) -> None:
    orla, today = person("orla", "Orla Quinn"), timezone.localdate()
    planned = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit 2026", auditors=["orla"],
        access_from=today, access_until=today, project_ids=[home.project.pk],
    )  # fmt: skip
    engagements.lay_open(actor=home.admin, engagement_id=planned.pk)
    client, auditor = Client(), Client()
    client.force_login(get_user_model().objects.get(username="admin"))
    auditor.force_login(get_user_model().objects.get(username="orla"))
    project = reverse("project-detail", args=[home.project.pk])
    assert auditor.get(project).status_code == 200
    rows = selectors.rows_of(home.admin, home.project)
    row = next(row.id for row in rows if row.username == "orla")
    given = {f"verdict-{each.id}": "keep" for each in rows} | {
        f"verdict-{row}": "remove",
        str(row): "Her mandate ended.",
    }
    signing = {"shown": selectors.shown_sha256(rows), "password": PASSWORD}
    page = reverse("project-review-access", args=[home.project.pk])
    signed = client.post(page, given | signing, follow=True)
    assert signed.status_code == 200 and "Her mandate ended." in signed.content.decode()
    assert auditor.get(project).status_code == 404
    seen = auditor.get(reverse("engagement-detail", args=[planned.pk])).content.decode()
    assert "Taken out" in seen and "nobody any more" in seen and "What its auditors read" not in seen
    assert "ended your part in it" in auditor.get(reverse("notification-list")).content.decode()
    told = by_token(home.admin).get(f"{API}/engagements/{planned.pk}/").json()
    assert (told["auditors"], told["taken_out"]) == (["orla"], ["orla"])
    assert by_token(orla).get(f"{API}/projects/{home.project.pk}/").status_code == 404


def test_a_review_by_the_api_is_signed_over_what_was_shown(home: House) -> None:
    admin = by_token(home.admin)
    shown = admin.get(f"{API}/access-reviews/access/?project={home.project.pk}").json()
    rows = [{"id": row["id"], "verdict": "keep"} for row in shown["rows"]]
    kept = {row["id"]: {"verdict": "keep", "to": ""} for row in rows}
    made = proof(admin, shown["sha256"], rows=kept).json()["proof"]
    body = {"project": str(home.project.pk), "rows": rows, "shown_sha256": shown["sha256"], "proof": made}
    answer = admin.post(f"{API}/access-reviews/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["sha256"] == AccessReview.objects.get().content_digest
    again = admin.post(f"{API}/access-reviews/", body)
    assert again.status_code == 403, "a proof is good once"
    neither = admin.get(f"{API}/access-reviews/access/")
    assert neither.status_code == 422
