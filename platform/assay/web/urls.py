"""Every page, noun by noun, so that the whole house can be read here."""

from django.urls import path

from assay.web import approvals, audit, home, jobs, organisations, projects

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
    # records and work
    path("audit/", audit.listing, name="audit-list"),
    path("jobs/", jobs.listing, name="job-list"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="job-retry"),
]
