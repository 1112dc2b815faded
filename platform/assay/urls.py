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
