"""Every page, noun by noun, so that the whole house can be read here."""

from django.urls import path

from assay.web import approvals, audit, home, jobs, organisations, projects, runs

urlpatterns = [
    path("", home.home, name="home"),
    # people
    path("organisations/<uuid:pk>/", organisations.detail, name="organisation-detail"),
    path("organisations/<uuid:pk>/members/", organisations.add_member, name="organisation-add-member"),
    path("projects/", projects.listing, name="project-list"),
    path("projects/new/", projects.create, name="project-create"),
    path("projects/<uuid:pk>/", projects.detail, name="project-detail"),
    path("projects/<uuid:pk>/edit/", projects.edit, name="project-edit"),
    path("projects/<uuid:pk>/appoint/", projects.appoint, name="project-appoint"),
    path("projects/<uuid:pk>/questionnaire/", projects.questionnaire, name="questionnaire"),
    path("members/<uuid:pk>/dismiss/", projects.dismiss, name="member-dismiss"),
    path("classifications/<uuid:pk>/", projects.classification, name="classification-detail"),
    path("approvals/", approvals.listing, name="approval-list"),
    path("approvals/<uuid:pk>/", approvals.detail, name="approval-detail"),
    path("approvals/<uuid:pk>/withdraw/", approvals.withdraw, name="approval-withdraw"),
    path("projects/<uuid:project>/ask/<slug:kind>/<uuid:pk>/", approvals.ask, name="approval-ask"),
    # work
    path("runs/", runs.listing, name="run-list"),
    path("projects/<uuid:project>/runs/new/", runs.create, name="run-create"),
    path("projects/<uuid:project>/runs/preview/", runs.preview, name="run-preview"),
    path("runs/<uuid:pk>/", runs.detail, name="run-detail"),
    path("runs/<uuid:pk>/live/", runs.live, name="run-live"),
    path("runs/<uuid:pk>/log/", runs.log, name="run-log"),
    path("runs/<uuid:pk>/edit/", runs.edit, name="run-edit"),
    path("runs/<uuid:pk>/submit/", runs.submit, name="run-submit"),
    path("runs/<uuid:pk>/launch/", runs.launch, name="run-launch"),
    path("runs/<uuid:pk>/cancel/", runs.cancel, name="run-cancel"),
    path("runs/<uuid:pk>/resume/", runs.resume, name="run-resume"),
    # records
    path("audit/", audit.listing, name="audit-list"),
    path("jobs/", jobs.listing, name="job-list"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="job-retry"),
]
