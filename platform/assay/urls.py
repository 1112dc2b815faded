"""The addresses of the house: pages, the API, and how a machine asks after its health."""

from django.urls import include, path

from assay import health

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("api/v1/", include("assay.api.router", namespace="api")),
    path("", include("assay.accounts.urls")),
    path("", include("assay.web.urls")),
]

handler400 = "assay.failures.bad_request"
handler403 = "assay.failures.not_allowed"
handler404 = "assay.failures.not_found"
handler500 = "assay.failures.broken"
