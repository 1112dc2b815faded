"""Every noun of the API."""

from typing import Any, NoReturn

from django.urls import path, re_path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from assay.api import (
    access_reviews,
    annotations,
    approvals,
    audit_events,
    audit_heads,
    base_models,
    datasets,
    delegations,
    deployments,
    disposals,
    dossiers,
    engagements,
    envelopes,
    erasures,
    evaluation_plans,
    evaluations,
    exports,
    holds,
    model_cards,
    model_versions,
    notifications,
    organisations,
    policies,
    projects,
    quality_profiles,
    redactions,
    releases,
    retention_rules,
    runs,
    scans,
    searches,
    splits,
    syntheses,
    waivers,
    withdrawals,
)

app_name = "api"


@extend_schema(exclude=True)
class NoSuchRoute(APIView):
    """Whatever is not an address of the API, by any method."""

    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotFound(
            _("The API has no such address. Addresses end in a slash; all of them stand in /api/v1/schema/.")
        )


router = SimpleRouter(use_regex_path=False)
router.register("organisations", organisations.OrganisationViewSet, basename="organisation")
router.register("projects", projects.ProjectViewSet, basename="project")
router.register("base-models", base_models.BaseModelViewSet, basename="base-model")
router.register("registrations", base_models.RegistrationViewSet, basename="registration")
router.register("datasets", datasets.DatasetViewSet, basename="dataset")
router.register("dataset-versions", datasets.DatasetVersionViewSet, basename="dataset-version")
router.register("quality-profiles", quality_profiles.QualityProfileViewSet, basename="quality-profile")
router.register("splits", splits.SplitViewSet, basename="split")
router.register("redactions", redactions.RedactionViewSet, basename="redaction")
router.register("syntheses", syntheses.SynthesisViewSet, basename="synthesis")
router.register("annotation-tasks", annotations.AnnotationTaskViewSet, basename="annotation-task")
router.register("scans", scans.ScanViewSet, basename="scan")
router.register("erasures", erasures.ErasureViewSet, basename="erasure")
router.register("retention-rules", retention_rules.RetentionRuleViewSet, basename="retention-rule")
router.register("disposals", disposals.DisposalViewSet, basename="disposal")
router.register("holds", holds.HoldViewSet, basename="hold")
router.register("searches", searches.SearchViewSet, basename="search")
router.register("special-categories", scans.SpecialCategoriesViewSet, basename="special-categories")
router.register("imports", datasets.ImportViewSet, basename="import")
router.register("envelopes", envelopes.EnvelopeViewSet, basename="envelope")
router.register("evaluation-plans", evaluation_plans.EvaluationPlanViewSet, basename="evaluation-plan")
router.register("runs", runs.RunViewSet, basename="run")
router.register("model-versions", model_versions.ModelVersionViewSet, basename="model-version")
router.register("evaluations", evaluations.EvaluationViewSet, basename="evaluation")
router.register("approvals", approvals.ApprovalViewSet, basename="approval")
router.register("policies", policies.PolicyViewSet, basename="policy")
router.register("delegations", delegations.DelegationViewSet, basename="delegation")
router.register("reauthentications", approvals.ReauthenticationViewSet, basename="reauthentication")
router.register("access-reviews", access_reviews.AccessReviewViewSet, basename="access-review")
router.register("engagements", engagements.EngagementViewSet, basename="engagement")
router.register("audit-requests", engagements.AuditRequestViewSet, basename="audit-request")
router.register("audit-files", engagements.AuditFileViewSet, basename="audit-file")
router.register("audit-findings", engagements.AuditFindingViewSet, basename="audit-finding")
router.register("notifications", notifications.NotificationViewSet, basename="notification")
router.register("waivers", waivers.WaiverViewSet, basename="waiver")
router.register("licence-texts", waivers.LicenceTextViewSet, basename="licence-text")
router.register("licence-choices", waivers.LicenceChoiceViewSet, basename="licence-choice")
router.register("model-cards", model_cards.ModelCardViewSet, basename="model-card")
router.register("dossiers", dossiers.DossierViewSet, basename="dossier")
router.register("dossier-versions", dossiers.DossierVersionViewSet, basename="dossier-version")
router.register("renderings", exports.RenderingViewSet, basename="rendering")
router.register("releases", releases.ReleaseViewSet, basename="release")
router.register("deployments", deployments.DeploymentViewSet, basename="deployment")
router.register("withdrawals", withdrawals.WithdrawalViewSet, basename="withdrawal")
router.register("audit-events", audit_events.AuditEventViewSet, basename="audit-event")
router.register("audit-heads", audit_heads.AuditHeadViewSet, basename="audit-head")

urlpatterns = [
    *router.urls,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^.*$", NoSuchRoute.as_view(), name="no-such-route"),
]
