"""Who may knock at which door, by hand, for every route of the resolver and of the API's router.

A line is a method, a route, and the status for each of the people: `noor` is of another project of the same
organisation, `dev` of another organisation, `nobody` has not signed in. A method without a line must be refused
as such; a route without a line fails. What is sent is in order as far as the person matters, so 403 is the wrong
person and 404 another project's record; 409 and 422 mean, like 2xx, that the person was let through.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from assay.api.nouns import NounViewSet
from assay.web import shell
from governance.foundation.audit.models import AuditEvent
from governance.people.approvals import selectors as approvals
from governance.people.engagements import access
from governance.people.notifications import selectors as notifications
from governance.people.organisations import selectors as organisations
from governance.people.organisations.rules import MAY as MAY_FOR_ALL
from governance.people.projects import selectors as projects
from governance.people.projects.rules import MAY
from tests import factories
from tests.callers import API as ROOT
from tests.callers import rows, version_of
from tests.routes import METHODS, STRANGERS, WHO, Everything, Route, everything, routes, told

pytestmark = pytest.mark.django_db

PAGES = """
#                                ada ben rit cle pau oma ver adm | noo dev | nobody
GET    healthz                   200 200 200 200 200 200 200 200   200 200   200
GET    readyz                    503 503 503 503 503 503 503 503   503 503   503

GET    sign-in                   302 302 302 302 302 302 302 302   302 302   200
POST   sign-in                   302 302 302 302 302 302 302 302   302 302   200
PUT    sign-in                   302 302 302 302 302 302 302 302   302 302   200
PATCH  sign-in                   302 302 302 302 302 302 302 302   302 302   405
DELETE sign-in                   302 302 302 302 302 302 302 302   302 302   405
GET    sign-in-second            302 302 302 302 302 302 302 302   302 302   302
POST   sign-in-second            302 302 302 302 302 302 302 302   302 302   302
POST   sign-in-challenge         403 403 403 403 403 403 403 403   403 403   403
POST   sign-out                  302 302 302 302 302 302 302 302   302 302   302
GET    account                   200 200 200 200 200 200 200 200   200 200   302
GET    change-password           200 200 200 200 200 200 200 200   200 200   302
POST   change-password           200 200 200 200 200 200 200 200   200 200   302
PUT    change-password           200 200 200 200 200 200 200 200   200 200   302
GET    factor-add-app            200 200 200 200 200 200 302 200   200 200   302
POST   factor-add-app            422 422 422 422 422 422 302 422   422 422   302
GET    factor-add-key            200 200 200 200 200 200 200 200   200 200   302
POST   factor-add-key            422 422 422 422 422 422 422 422   422 422   302
POST   factor-key-challenge      200 200 200 200 200 200 200 200   200 200   302
POST   key-challenge             422 422 422 422 422 422 422 422   422 422   302
GET    factor-renew-codes        200 200 200 200 200 200 200 200   200 200   302
POST   factor-renew-codes        422 422 422 422 422 422 422 422   422 422   302
GET    factor-remove             404 404 404 404 404 404 200 404   404 404   302
POST   factor-remove             404 404 404 404 404 404 422 404   404 404   302
GET    factor-reset              403 403 403 403 403 403 403 200   403 404   302
POST   factor-reset              403 403 403 403 403 403 403 422   403 404   302
POST   create-token              200 200 200 200 200 200 200 200   200 200   302
POST   revoke-token              404 404 404 404 404 404 404 404   404 404   302

GET    home                      200 200 200 200 200 200 200 200   200 200   302
GET    notification-list         200 200 200 200 200 200 200 200   200 200   302
GET    notification-open         404 404 302 404 404 404 404 404   404 404   302
POST   notification-mark-seen    404 404 302 404 404 404 404 404   404 404   302
POST   notification-mark-all-seen 302 302 302 302 302 302 302 302  302 302   302
GET    notification-preferences  200 200 200 200 200 200 200 200   200 200   302
POST   notification-preferences  422 422 422 422 422 422 422 422   422 422   302
POST   calendar-open             200 200 200 200 200 200 200 200   200 200   302
POST   calendar-close            404 404 404 404 404 404 404 404   404 404   302
GET    calendar-feed             404 404 404 404 404 404 404 404   404 404   404
GET    portfolio                 200 200 200 200 200 200 200 200   200 200   302
GET    portfolio-export-projects 200 200 200 200 200 200 200 200   200 200   302
GET    portfolio-export-owed     200 200 200 200 200 200 200 200   200 200   302
GET    organisation-detail       200 200 200 200 200 200 200 200   200 404   302
POST   organisation-detail       403 403 403 403 403 403 403 302   403 404   302
POST   organisation-add-member   403 403 403 403 403 403 403 302   403 404   302

GET    project-list              200 200 200 200 200 200 200 200   200 200   302
GET    project-create            200 200 200 200 200 200 200 200   200 200   302
POST   project-create            422 422 422 422 422 422 422 422   422 422   302
GET    project-detail            200 200 200 200 200 200 200 200   404 404   302
GET    project-edit              200 403 403 200 403 403 403 200   404 404   302
POST   project-edit              422 403 403 422 403 403 403 422   404 404   302
POST   project-appoint           403 403 403 403 403 403 403 302   404 404   302
POST   member-dismiss            403 403 403 403 403 403 403 302   404 404   302
GET    project-rights            200 200 200 200 200 200 200 200   404 404   302
GET    questionnaire             403 403 200 200 403 403 403 200   404 404   302
POST   questionnaire             403 403 422 422 403 403 403 422   404 404   302
GET    classification-detail     200 200 200 200 200 200 200 200   404 404   302

GET    access-review-list        200 200 200 200 200 200 200 200   200 200   302
GET    access-review-detail      404 404 404 200 404 200 404 200   404 404   302
GET    project-review-access     403 403 403 403 403 403 403 200   404 404   302
POST   project-review-access     403 403 403 403 403 403 403 422   404 404   302
GET    organisation-review-access 403 403 403 403 403 403 403 200  403 404   302
POST   organisation-review-access 403 403 403 403 403 403 403 422  403 404   302

GET    engagement-list           200 200 200 200 200 200 200 200   200 200   302
GET    engagement-create         403 403 403 200 403 403 403 200   200 200   302
POST   engagement-create         403 403 403 422 403 403 403 422   422 422   302
GET    engagement-detail         200 200 200 200 200 200 200 200   404 404   302
GET    engagement-edit           403 403 403 200 403 403 403 200   404 404   302
POST   engagement-edit           403 403 403 422 403 403 403 422   404 404   302
POST   engagement-open           403 403 403 409 403 403 403 409   404 404   302
POST   engagement-close          403 403 403 422 403 403 403 422   404 404   302
POST   engagement-ask            403 403 403 403 403 403 403 403   404 404   302
POST   engagement-find           403 403 403 403 403 403 403 403   404 404   302
GET    engagement-report         403 403 403 409 403 403 403 409   404 404   302
POST   engagement-export         403 403 403 409 403 403 403 409   404 404   302
GET    engagement-download       403 403 403 409 403 403 403 409   404 404   302
GET    audit-request-detail      200 200 200 200 200 200 200 200   404 404   302
POST   audit-request-answer      422 422 422 422 422 403 403 422   404 404   302
POST   audit-request-send-back   403 403 403 403 403 403 403 403   404 404   302
POST   audit-request-settle      403 403 403 403 403 403 403 403   404 404   302
GET    audit-file-download       200 200 200 200 200 200 200 200   404 404   302
GET    audit-finding-detail      200 200 200 200 200 200 200 200   404 404   302
POST   audit-finding-respond     422 422 422 422 422 403 403 422   404 404   302
POST   audit-finding-close       403 403 403 403 403 403 403 403   404 404   302

GET    approval-list             200 200 200 200 200 200 200 200   200 200   302
GET    approval-detail           200 200 200 200 200 200 200 200   404 404   302
POST   approval-detail           403 403 422 403 403 403 403 403   404 404   302
POST   approval-comment          302 302 302 302 302 302 302 302   404 404   302
POST   approval-withdraw         302 403 403 403 403 403 403 403   404 404   302
POST   approval-ask              409 409 409 409 409 403 403 409   404 404   302

GET    project-delegations       200 200 200 200 200 200 200 200   404 404   302
POST   project-delegations       422 422 422 422 422 403 403 422   404 404   302
POST   delegation-end            403 302 403 403 403 403 403 302   404 404   302
GET    policy-list               200 200 200 200 200 200 200 200   200 200   302
GET    policy-create             404 404 404 404 404 404 404 200   200 200   302
POST   policy-create             404 404 404 404 404 404 404 422   422 422   302
GET    policy-detail             200 200 200 200 200 200 200 200   404 404   302
GET    policy-edit               403 403 403 403 403 403 403 200   404 404   302
POST   policy-edit               403 403 403 403 403 403 403 200   404 404   302
POST   policy-publish            403 403 403 403 403 403 403 422   404 404   302
POST   policy-retire             403 403 403 403 403 403 403 409   404 404   302
POST   policy-discard            403 403 403 403 403 403 403 302   404 404   302

GET    base-model-list           200 200 200 200 200 200 200 200   200 200   302
GET    base-model-create         200 200 403 403 403 403 403 200   404 404   302
POST   base-model-create         422 422 403 403 403 403 403 422   404 404   302
GET    base-model-detail         200 200 200 200 200 200 200 200   200 404   302
GET    registration-detail       200 200 200 200 200 200 200 200   404 404   302
GET    import-detail             200 200 200 200 200 200 200 200   404 404   302
POST   import-detail             422 422 403 403 403 403 403 422   404 404   302
POST   import-cancel             302 302 403 403 403 403 403 302   404 404   302
POST   import-discard            409 409 403 403 403 403 403 409   404 404   302
GET    dataset-list              200 200 200 200 200 200 200 200   200 200   302
GET    dataset-create            200 200 403 403 403 403 403 200   404 404   302
POST   dataset-create            422 422 403 403 403 403 403 422   404 404   302
GET    dataset-detail            200 200 200 200 200 200 200 200   404 404   302
GET    dataset-version-create    200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-create    422 422 403 403 403 403 403 422   404 404   302
GET    dataset-version-fetch     200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-fetch     422 422 403 403 403 403 403 422   404 404   302
GET    dataset-version-changes   200 200 200 200 200 200 200 200   404 404   302
GET    dataset-version-row-proof 200 200 200 200 200 200 403 200   404 404   302
GET    dataset-version-detail    200 200 200 200 200 200 200 200   404 404   302
GET    dataset-describe          200 200 403 403 403 403 403 200   404 404   302
POST   dataset-describe          422 422 403 403 403 403 403 422   404 404   302
GET    dataset-version-datasheet 200 200 200 200 200 200 200 200   404 404   302
GET    dataset-version-description 200 200 200 200 200 200 403 200 404 404   302
GET    dataset-version-rows      200 200 200 200 200 200 403 200   404 404   302
GET    dataset-version-split     200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-split     422 422 403 403 403 403 403 422   404 404   302
GET    dataset-version-measure   200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-measure   422 422 403 403 403 403 403 422   404 404   302
GET    quality-profile-detail    200 200 200 200 200 200 200 200   404 404   302
POST   quality-profile-cancel    302 302 403 403 403 403 403 302   404 404   302
GET    dataset-version-withdraw  403 200 200 200 200 403 403 200   404 404   302
POST   dataset-version-withdraw  403 422 422 422 422 403 403 422   404 404   302
GET    withdrawal-detail         200 200 200 200 200 200 200 200   404 404   302
POST   withdrawal-take-back      403 403 403 422 422 403 403 403   404 404   302
GET    withdrawal-export         200 200 200 200 200 200 403 200   404 404   302
GET    split-detail              200 200 200 200 200 200 200 200   404 404   302
POST   split-cancel              302 302 403 403 403 403 403 302   404 404   302
POST   split-again               409 409 403 403 403 403 403 409   404 404   302
GET    dataset-version-redact    200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-redact    422 422 403 403 403 403 403 422   404 404   302
GET    dataset-synthesise        200 200 403 403 403 403 403 200   404 404   302
POST   dataset-synthesise        422 422 403 403 403 403 403 422   404 404   302
GET    dataset-version-synthesise 200 200 403 403 403 403 403 200  404 404   302
POST   dataset-version-synthesise 422 422 403 403 403 403 403 422  404 404   302
GET    synthesis-detail          200 200 200 200 200 200 200 200   404 404   302
POST   synthesis-cancel          302 302 403 403 403 403 403 302   404 404   302
GET    redaction-detail          200 200 200 200 200 200 200 200   404 404   302
POST   redaction-detail          403 403 403 403 422 403 403 403   404 404   302
POST   redaction-cancel          302 302 403 403 403 403 403 302   404 404   302
POST   redaction-erase           403 403 403 403 404 403 403 403   404 404   302
GET    search-list               403 200 403 200 200 200 403 200   404 404   302
GET    search-create             403 200 403 403 200 403 403 403   404 404   302
POST   search-create             403 422 403 403 422 403 403 403   404 404   302
GET    search-detail             404 200 404 200 200 200 404 200   404 404   302
POST   search-detail             404 422 404 422 422 422 404 422   404 404   302
POST   search-cancel             404 302 404 403 302 403 404 403   404 404   302
GET    dataset-version-erase     403 403 403 403 200 403 403 403   404 404   302
POST   dataset-version-erase     403 403 403 403 422 403 403 403   404 404   302
GET    erasure-detail            200 200 200 200 200 200 200 200   404 404   302
POST   erasure-again             403 403 403 403 409 403 403 403   404 404   302
POST   erasure-cancel            403 403 403 403 302 403 403 403   404 404   302
GET    hold-list                 200 200 200 200 200 200 200 200   404 404   302
POST   hold-list                 403 403 403 422 422 403 403 403   404 404   302
GET    hold-detail               200 200 200 200 200 200 200 200   404 404   302
POST   hold-lift                 403 403 403 302 302 403 403 403   404 404   302
GET    project-retention         200 200 200 200 200 200 200 200   404 404   302
POST   project-retention         422 422 403 403 422 403 403 422   404 404   302
GET    project-retention-rule    403 403 403 200 200 403 403 200   404 404   302
POST   project-retention-rule    403 403 403 422 422 403 403 422   404 404   302
GET    retention-rule-detail     200 200 200 200 200 200 200 200   404 404   302
GET    disposal-detail           200 200 200 200 200 200 200 200   404 404   302
POST   disposal-confirm          403 403 403 422 422 403 403 422   404 404   302
POST   disposal-again            409 409 403 403 409 403 403 409   404 404   302
POST   disposal-cancel           302 302 403 403 302 403 403 302   404 404   302
POST   dataset-version-scan      409 409 403 403 409 403 403 409   404 404   302
GET    dataset-version-special   403 200 403 403 200 403 403 200   404 404   302
POST   dataset-version-special   403 422 403 403 422 403 403 422   404 404   302
GET    dataset-version-annotate  200 200 403 403 403 403 403 200   404 404   302
POST   dataset-version-annotate  422 422 403 403 403 403 403 422   404 404   302
GET    annotation-task-list      200 200 200 200 200 200 200 200   200 200   302
GET    annotation-task-detail    200 200 200 200 200 200 200 200   404 404   302
GET    annotation-task-answer    200 200 403 403 403 403 403 403   404 404   302
POST   annotation-task-answer    422 422 403 403 403 403 403 403   404 404   302
POST   annotation-task-take-back 409 409 403 403 403 403 403 403   404 404   302
POST   annotation-task-close     302 302 403 403 403 403 403 302   404 404   302
POST   annotation-task-version   409 409 403 403 403 403 403 409   404 404   302
POST   annotation-task-cancel    409 409 403 403 403 403 403 409   404 404   302
GET    scan-detail               200 200 200 200 200 200 200 200   404 404   302
POST   scan-cancel               302 302 403 403 302 403 403 302   404 404   302
GET    dataset-version-file      200 200 403 403 403 200 403 200   404 404   302

GET    evaluation-plan-list      200 200 200 200 200 200 200 200   200 200   302
GET    evaluation-plan-create    200 403 200 200 403 403 403 200   404 404   302
POST   evaluation-plan-create    422 403 422 422 403 403 403 422   404 404   302
GET    evaluation-plan-detail    200 200 200 200 200 200 200 200   404 404   302
GET    evaluation-plan-edit      409 403 409 409 403 403 403 409   404 404   302
POST   evaluation-plan-edit      409 403 409 409 403 403 403 409   404 404   302
POST   evaluation-plan-copy      302 403 302 302 403 403 403 302   404 404   302

GET    run-list                  200 200 200 200 200 200 200 200   200 200   302
GET    run-create                200 403 403 403 403 403 403 200   404 404   302
POST   run-create                422 403 403 403 403 403 403 422   404 404   302
POST   run-preview               200 403 403 403 403 403 403 200   404 404   302
POST   run-preview-row           200 403 403 403 403 403 403 200   404 404   302
GET    run-detail                200 200 200 200 200 200 200 200   404 404   302
GET    project-lineage           200 200 200 200 200 200 200 200   404 404   302
GET    project-licences          200 200 200 200 200 200 200 200   404 404   302
POST   licence-pick              403 422 422 422 403 403 403 422   404 404   302
POST   waiver-ask                422 422 422 422 422 403 403 422   404 404   302
POST   licence-text-keep         422 422 403 403 403 403 403 422   404 404   302
GET    envelope-list             200 200 200 200 200 200 200 200   200 200   302
GET    envelope-create           409 403 409 403 403 403 403 409   404 404   302
POST   envelope-create           409 403 409 403 403 403 403 409   404 404   302
GET    envelope-detail           200 200 200 200 200 200 200 200   404 404   302
POST   envelope-revoke           403 302 302 302 403 403 403 302   404 404   302
GET    waiver-detail             200 200 200 200 200 200 200 200   404 404   302
POST   waiver-revoke             403 403 302 302 403 403 403 302   404 404   302
GET    run-live                  200 200 200 200 200 200 200 200   404 404   302
GET    run-log                   200 200 200 200 200 200 200 200   404 404   302
GET    run-edit                  200 403 403 403 403 403 403 200   404 404   302
POST   run-edit                  422 403 403 403 403 403 403 422   404 404   302
POST   run-submit                302 403 403 403 403 403 403 302   404 404   302
POST   run-launch                409 403 403 403 403 403 403 409   404 404   302
POST   run-cancel                302 302 302 403 403 403 403 302   404 404   302
POST   run-resume                409 403 403 403 403 403 403 409   404 404   302

GET    evaluation-detail         200 200 200 200 200 200 200 200   404 404   302
GET    evaluation-samples        200 200 200 200 200 200 200 200   404 404   302
POST   evaluation-export         302 302 302 302 302 302 403 302   404 404   302
GET    evaluation-download       200 200 200 200 200 200 403 200   404 404   302
POST   evaluation-retry          409 403 403 403 403 403 403 409   404 404   302
POST   evaluation-cancel         409 409 409 403 403 403 403 409   404 404   302
GET    model-version-list        200 200 200 200 200 200 200 200   200 200   302
GET    model-version-detail      200 200 200 200 200 200 200 200   404 404   302

GET    model-card-detail         200 200 200 200 200 200 200 200   404 404   302
GET    model-card-download       200 200 200 200 200 200 403 200   404 404   302
GET    model-card-notice         200 200 200 200 200 200 403 200   404 404   302
GET    dossier-list              200 200 200 200 200 200 200 200   200 200   302
GET    dossier-detail            200 200 200 200 200 200 200 200   404 404   302
POST   dossier-declare           422 422 422 422 422 403 403 422   404 404   302
POST   dossier-take-back         409 409 409 409 409 403 403 409   404 404   302
POST   dossier-state-fact        422 422 422 422 422 403 403 422   404 404   302
POST   dossier-freeze            302 403 403 302 403 403 403 302   404 404   302
GET    dossier-version-detail    200 200 200 200 200 200 200 200   404 404   302
GET    dossier-compare           200 200 200 200 200 200 200 200   404 404   302
POST   dossier-export            302 302 302 302 302 302 403 302   404 404   302
POST   dossier-bundle            200 200 200 200 200 200 403 200   404 404   302
GET    dossier-download          200 200 200 200 200 200 403 200   404 404   302

GET    release-propose           200 403 200 403 403 403 403 200   404 404   302
POST   release-propose           422 403 422 403 403 403 403 422   404 404   302
GET    release-detail            200 200 200 200 200 200 200 200   404 404   302
POST   release-release           403 403 409 403 403 403 403 409   404 404   302
POST   release-withdraw          403 403 302 302 403 403 403 302   404 404   302
GET    deployment-list           200 200 200 200 200 200 200 200   200 200   302
GET    deployment-create         200 403 200 403 403 403 403 200   404 404   302
POST   deployment-create         422 403 422 403 403 403 403 422   404 404   302
GET    deployment-detail         200 200 200 200 200 200 200 200   404 404   302
GET    deployment-edit           200 403 200 403 403 403 403 200   404 404   302
POST   deployment-edit           422 403 422 403 403 403 403 422   404 404   302
POST   deployment-begin          409 403 409 403 403 403 403 409   404 404   302
POST   deployment-end            302 403 302 302 403 403 403 302   404 404   302

GET    audit-list                200 200 200 200 200 200 200 200   200 200   302
GET    audit-extract             409 409 409 409 409 409 409 409   409 409   302
GET    audit-integrity           200 200 200 200 200 200 200 200   200 200   302
POST   audit-verify              403 403 403 403 403 403 403 302   403 302   302
GET    audit-verifier            200 200 200 200 200 200 200 200   200 200   302
GET    audit-checkpoint          404 404 404 404 404 404 404 404   404 404   302
GET    audit-timestamp           404 404 404 404 404 404 404 404   404 404   302
GET    audit-proof               409 409 409 409 409 409 409 409   404 404   302
GET    job-list                  200 200 200 200 200 200 200 200   200 200   302
POST   job-retry                 409 409 409 409 409 409 403 409   404 404   302
"""

API = """
#                                ada ben rit cle pau oma ver adm | noo dev | nobody
GET    api:schema                200 200 200 200 200 200 200 200   200 200   200
GET    api:no-such-route         404 404 404 404 404 404 404 404   404 404   404
POST   api:no-such-route         404 404 404 404 404 404 404 404   404 404   404
PUT    api:no-such-route         404 404 404 404 404 404 404 404   404 404   404
PATCH  api:no-such-route         404 404 404 404 404 404 404 404   404 404   404
DELETE api:no-such-route         404 404 404 404 404 404 404 404   404 404   404

GET    api:organisation-list     200 200 200 200 200 200 200 200   200 200   401
GET    api:organisation-detail   200 200 200 200 200 200 200 200   200 404   401
GET    api:project-list          200 200 200 200 200 200 200 200   200 200   401
POST   api:project-list          201 201 201 201 201 201 201 201   201 404   401
GET    api:project-detail        200 200 200 200 200 200 200 200   404 404   401
PATCH  api:project-detail        200 403 403 200 403 403 403 200   404 404   401
GET    api:project-classification 200 200 200 200 200 200 200 200  404 404   401
POST   api:project-classification 403 403 422 422 403 403 403 422  404 404   401
GET    api:project-rights        200 200 200 200 200 200 200 200   404 404   401
GET    api:project-members       200 200 200 200 200 200 200 200   404 404   401
POST   api:project-members       403 403 403 403 403 403 403 201   404 404   401
DELETE api:project-dismiss       403 403 403 403 403 403 403 204   404 404   401

GET    api:base-model-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:base-model-list       422 422 403 403 403 403 403 422   404 404   401
GET    api:base-model-detail     200 200 200 200 200 200 200 200   200 404   401
GET    api:registration-list     200 200 200 200 200 200 200 200   200 200   401
GET    api:registration-detail   200 200 200 200 200 200 200 200   404 404   401
GET    api:import-list           200 200 200 200 200 200 200 200   200 200   401
GET    api:import-detail         200 200 200 200 200 200 200 200   404 404   401
POST   api:import-read-again     409 409 403 403 403 403 403 409   404 404   401
POST   api:import-cancel         200 200 403 403 403 403 403 200   404 404   401
POST   api:import-discard        409 409 403 403 403 403 403 409   404 404   401
GET    api:dataset-list          200 200 200 200 200 200 200 200   200 200   401
POST   api:dataset-list          201 201 403 403 403 403 403 201   404 404   401
GET    api:dataset-detail        200 200 200 200 200 200 200 200   404 404   401
POST   api:dataset-versions      201 201 403 403 403 403 403 201   404 404   401
POST   api:dataset-fetch         422 422 403 403 403 403 403 422   404 404   401
GET    api:synthesis-list        200 200 200 200 200 200 200 200   200 200   401
POST   api:synthesis-list        409 409 403 403 403 403 403 409   404 404   401
GET    api:synthesis-detail      200 200 200 200 200 200 200 200   404 404   401
POST   api:synthesis-cancel      200 200 403 403 403 403 403 200   404 404   401
GET    api:redaction-list        200 200 200 200 200 200 200 200   200 200   401
POST   api:redaction-list        409 409 403 403 403 403 403 409   404 404   401
GET    api:redaction-detail      200 200 200 200 200 200 200 200   404 404   401
POST   api:redaction-cancel      200 200 403 403 403 403 403 200   404 404   401
POST   api:redaction-look-behind 403 403 403 403 404 403 403 403   404 404   401
POST   api:redaction-erase-pseudonyms 403 403 403 403 404 403 403 403 404 404 401
GET    api:search-list           200 200 200 200 200 200 200 200   200 200   401
POST   api:search-list           403 422 403 403 422 403 403 403   404 404   401
GET    api:search-detail         404 200 404 200 200 200 404 200   404 404   401
POST   api:search-cancel         404 200 404 403 200 403 404 403   404 404   401
GET    api:erasure-list          200 200 200 200 200 200 200 200   200 200   401
POST   api:erasure-list          403 403 403 403 403 403 403 403   404 404   401
GET    api:erasure-detail        200 200 200 200 200 200 200 200   404 404   401
POST   api:erasure-again         403 403 403 403 409 403 403 403   404 404   401
POST   api:erasure-cancel        403 403 403 403 200 403 403 403   404 404   401
GET    api:hold-list             200 200 200 200 200 200 200 200   200 200   401
POST   api:hold-list             403 403 403 201 201 403 403 403   404 404   401
GET    api:hold-detail           200 200 200 200 200 200 200 200   404 404   401
POST   api:hold-lift             403 403 403 200 200 403 403 403   404 404   401
GET    api:retention-rule-list   200 200 200 200 200 200 200 200   200 200   401
POST   api:retention-rule-list   403 403 403 201 201 403 403 201   404 404   401
GET    api:retention-rule-detail 200 200 200 200 200 200 200 200   404 404   401
GET    api:disposal-list         200 200 200 200 200 200 200 200   200 200   401
POST   api:disposal-list         201 201 403 403 201 403 403 201   404 404   401
GET    api:disposal-detail       200 200 200 200 200 200 200 200   404 404   401
GET    api:disposal-kept         200 200 200 200 200 200 200 200   404 404   401
POST   api:disposal-confirm      403 403 403 403 403 403 403 403   404 404   401
POST   api:disposal-again        409 409 403 403 409 403 403 409   404 404   401
POST   api:disposal-cancel       200 200 403 403 200 403 403 200   404 404   401
GET    api:annotation-task-list  200 200 200 200 200 200 200 200   200 200   401
POST   api:annotation-task-list  201 201 403 403 403 403 403 201   404 404   401
GET    api:annotation-task-detail 200 200 200 200 200 200 200 200  404 404   401
POST   api:annotation-task-cancel 409 409 403 403 403 403 403 409  404 404   401
GET    api:annotation-task-rows  200 200 403 403 403 403 403 403   404 404   401
GET    api:annotation-task-answers 200 200 403 403 403 403 403 403 404 404   401
POST   api:annotation-task-answers 201 201 403 403 403 403 403 403 404 404   401
POST   api:annotation-task-take-back 409 409 403 403 403 403 403 403 404 404 401
POST   api:annotation-task-version 409 409 403 403 403 403 403 409 404 404 401
POST   api:annotation-task-close 200 200 403 403 403 403 403 200   404 404   401
GET    api:scan-list             200 200 200 200 200 200 200 200   200 200   401
POST   api:scan-list             409 409 403 403 409 403 403 409   404 404   401
GET    api:scan-detail           200 200 200 200 200 200 200 200   404 404   401
POST   api:scan-cancel           200 200 403 403 200 403 403 200   404 404   401
GET    api:special-categories-list 200 200 200 200 200 200 200 200 200 200   401
POST   api:special-categories-list 403 201 403 403 201 403 403 201 404 404   401
GET    api:special-categories-detail 200 200 200 200 200 200 200 200 404 404 401
GET    api:dataset-version-list  200 200 200 200 200 200 200 200   200 200   401
GET    api:dataset-version-changes 200 200 200 200 200 200 200 200 404 404   401
GET    api:dataset-version-row-proof 200 200 200 200 200 200 403 200 404 404   401
GET    api:dataset-version-detail 200 200 200 200 200 200 200 200  404 404   401
POST   api:dataset-version-splits 201 201 403 403 403 403 403 201  404 404   401
POST   api:dataset-version-quality-profiles 409 409 403 403 403 403 403 409 404 404 401
GET    api:quality-profile-list  200 200 200 200 200 200 200 200   200 200   401
GET    api:quality-profile-detail 200 200 200 200 200 200 200 200  404 404   401
POST   api:quality-profile-cancel 200 200 403 403 403 403 403 200  404 404   401
GET    api:split-list            200 200 200 200 200 200 200 200   200 200   401
GET    api:withdrawal-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:withdrawal-list       403 201 201 201 201 403 403 201   404 404   401
GET    api:withdrawal-detail     200 200 200 200 200 200 200 200   404 404   401
POST   api:withdrawal-take-back  403 403 403 403 403 403 403 403   404 404   401
GET    api:split-detail          200 200 200 200 200 200 200 200   404 404   401
POST   api:split-cancel          200 200 403 403 403 403 403 200   404 404   401
POST   api:split-again           409 409 403 403 403 403 403 409   404 404   401
POST   api:dataset-describe      200 200 403 403 403 403 403 200   404 404   401
GET    api:dataset-version-export 200 200 200 200 200 200 403 200  404 404   401
GET    api:dataset-version-file  200 200 403 403 403 200 403 200   404 404   401

GET    api:evaluation-plan-list  200 200 200 200 200 200 200 200   200 200   401
POST   api:evaluation-plan-list  422 403 422 422 403 403 403 422   404 404   401
GET    api:evaluation-plan-detail 200 200 200 200 200 200 200 200  404 404   401
PATCH  api:evaluation-plan-detail 409 403 409 409 403 403 403 409  404 404   401
GET    api:run-list              200 200 200 200 200 200 200 200   200 200   401
POST   api:run-list              201 403 403 403 403 403 403 201   404 404   401
GET    api:run-detail            200 200 200 200 200 200 200 200   404 404   401
PATCH  api:run-detail            409 403 403 403 403 403 403 409   404 404   401
POST   api:run-submit            201 403 403 403 403 403 403 201   404 404   401
POST   api:run-launch            409 403 403 403 403 403 403 409   404 404   401
POST   api:run-cancel            202 202 202 403 403 403 403 202   404 404   401
POST   api:run-resume            409 403 403 403 403 403 403 409   404 404   401
GET    api:run-events            200 200 200 200 200 200 200 200   404 404   401
GET    api:run-gates             200 200 200 200 200 200 200 200   404 404   401
GET    api:model-version-list    200 200 200 200 200 200 200 200   200 200   401
GET    api:model-version-detail  200 200 200 200 200 200 200 200   404 404   401
GET    api:model-version-by-digest 200 200 200 200 200 200 200 200 404 404   401
GET    api:evaluation-list       200 200 200 200 200 200 200 200   200 200   401
GET    api:evaluation-detail     200 200 200 200 200 200 200 200   404 404   401
POST   api:evaluation-retry      409 403 403 403 403 403 403 409   404 404   401
POST   api:evaluation-cancel     409 409 409 403 403 403 403 409   404 404   401
GET    api:evaluation-export     200 200 200 200 200 200 403 200   404 404   401

GET    api:approval-list         200 200 200 200 200 200 200 200   200 200   401
POST   api:approval-list         409 409 409 409 409 403 403 409   404 404   401
GET    api:approval-inbox        200 200 200 200 200 200 200 200   200 200   401
GET    api:approval-detail       200 200 200 200 200 200 200 200   404 404   401
POST   api:approval-decisions    403 403 403 403 403 403 403 403   404 404   401
POST   api:approval-comments     201 201 201 201 201 201 201 201   404 404   401
POST   api:approval-withdraw     200 403 403 403 403 403 403 403   404 404   401
POST   api:reauthentication-list 422 422 422 422 422 422 422 422   422 422   401
POST   api:reauthentication-challenges 201 201 201 201 201 201 201 201 201 201 401

GET    api:access-review-list    200 200 200 200 200 200 200 200   200 200   401
POST   api:access-review-list    403 403 403 403 403 403 403 409   404 404   401
GET    api:access-review-access  403 403 403 403 403 403 403 200   404 404   401
GET    api:access-review-detail  404 404 404 200 404 200 404 200   404 404   401

GET    api:engagement-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:engagement-list       403 403 403 201 403 403 403 201   404 404   401
GET    api:engagement-detail     200 200 200 200 200 200 200 200   404 404   401
PATCH  api:engagement-detail     403 403 403 200 403 403 403 200   404 404   401
POST   api:engagement-open       403 403 403 409 403 403 403 409   404 404   401
POST   api:engagement-close      403 403 403 200 403 403 403 200   404 404   401
POST   api:engagement-requests   403 403 403 403 403 403 403 403   404 404   401
POST   api:engagement-findings   403 403 403 403 403 403 403 403   404 404   401
GET    api:engagement-readings   403 403 403 200 403 403 403 200   404 404   401
GET    api:engagement-report     403 403 403 409 403 403 403 409   404 404   401
GET    api:engagement-export     403 403 403 409 403 403 403 409   404 404   401
GET    api:audit-request-list    200 200 200 200 200 200 200 200   200 200   401
GET    api:audit-request-detail  200 200 200 200 200 200 200 200   404 404   401
POST   api:audit-request-answers 201 201 201 201 201 403 403 201   404 404   401
POST   api:audit-request-send-back 403 403 403 403 403 403 403 403 404 404   401
POST   api:audit-request-settle  403 403 403 403 403 403 403 403   404 404   401
GET    api:audit-file-list       200 200 200 200 200 200 200 200   200 200   401
GET    api:audit-file-detail     200 200 200 200 200 200 200 200   404 404   401
GET    api:audit-file-file       200 200 200 200 200 200 200 200   404 404   401
GET    api:audit-finding-list    200 200 200 200 200 200 200 200   200 200   401
GET    api:audit-finding-detail  200 200 200 200 200 200 200 200   404 404   401
POST   api:audit-finding-respond 200 200 200 200 200 403 403 200   404 404   401
POST   api:audit-finding-close   403 403 403 403 403 403 403 403   404 404   401
GET    api:policy-list           200 200 200 200 200 200 200 200   200 200   401
POST   api:policy-list           403 403 403 403 403 403 403 201   404 404   401
GET    api:policy-detail         200 200 200 200 200 200 200 200   404 404   401
PATCH  api:policy-detail         403 403 403 403 403 403 403 200   404 404   401
DELETE api:policy-detail         403 403 403 403 403 403 403 204   404 404   401
POST   api:policy-publish        403 403 403 403 403 403 403 403   404 404   401
POST   api:policy-retire         403 403 403 403 403 403 403 409   404 404   401
GET    api:delegation-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:delegation-list       403 201 403 403 403 403 403 403   404 404   401
GET    api:delegation-detail     200 200 200 200 200 200 200 200   404 404   401
POST   api:delegation-end        403 200 403 403 403 403 403 200   404 404   401

GET    api:notification-list     200 200 200 200 200 200 200 200   200 200   401
GET    api:notification-detail   404 404 200 404 404 404 404 404   404 404   401
POST   api:notification-mark-seen 404 404 200 404 404 404 404 404  404 404   401
POST   api:notification-mark-all-seen 200 200 200 200 200 200 200 200 200 200 401
GET    api:notification-preferences 200 200 200 200 200 200 200 200 200 200  401
PUT    api:notification-preferences 200 200 200 200 200 200 200 200 200 200  401
GET    api:envelope-list         200 200 200 200 200 200 200 200   200 200   401
POST   api:envelope-list         409 403 409 403 403 403 403 409   404 404   401
GET    api:envelope-detail       200 200 200 200 200 200 200 200   404 404   401
POST   api:envelope-revoke       403 200 200 200 403 403 403 200   404 404   401
GET    api:waiver-list           200 200 200 200 200 200 200 200   200 200   401
POST   api:waiver-list           409 409 409 409 409 403 403 409   404 404   401
GET    api:waiver-detail         200 200 200 200 200 200 200 200   404 404   401
POST   api:waiver-revoke         403 403 200 200 403 403 403 200   404 404   401
GET    api:licence-text-list     200 200 200 200 200 200 200 200   200 200   401
POST   api:licence-text-list     201 201 403 403 403 403 403 201   404 404   401
GET    api:licence-text-detail   200 200 200 200 200 200 200 200   404 404   401
GET    api:licence-choice-list   200 200 200 200 200 200 200 200   200 200   401
POST   api:licence-choice-list   403 422 422 422 403 403 403 422   404 404   401
GET    api:licence-choice-detail 200 200 200 200 200 200 200 200   404 404   401
GET    api:model-card-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:model-card-list       201 403 403 201 403 403 403 201   404 404   401
GET    api:model-card-detail     200 200 200 200 200 200 200 200   404 404   401
GET    api:model-card-export     200 200 200 200 200 200 403 200   404 404   401
GET    api:dossier-list          200 200 200 200 200 200 200 200   200 200   401
GET    api:dossier-detail        200 200 200 200 200 200 200 200   404 404   401
GET    api:dossier-declarations  200 200 200 200 200 200 200 200   404 404   401
POST   api:dossier-declarations  422 422 422 422 422 403 403 422   404 404   401
DELETE api:dossier-take-back     409 409 409 409 409 403 403 409   404 404   401
GET    api:dossier-facts         200 200 200 200 200 200 200 200   404 404   401
POST   api:dossier-facts         422 422 422 422 422 403 403 422   404 404   401
POST   api:dossier-freeze        201 403 403 201 403 403 403 201   404 404   401
GET    api:dossier-export        200 200 200 200 200 200 403 200   404 404   401
GET    api:dossier-version-list  200 200 200 200 200 200 200 200   200 200   401
GET    api:dossier-version-detail 200 200 200 200 200 200 200 200  404 404   401
GET    api:rendering-list        200 200 200 200 200 200 200 200   200 200   401
GET    api:rendering-detail      200 200 200 200 200 200 200 200   404 404   401
GET    api:rendering-file        409 409 409 409 409 409 403 409   404 404   401

GET    api:release-list          200 200 200 200 200 200 200 200   200 200   401
POST   api:release-list          409 403 409 403 403 403 403 409   404 404   401
GET    api:release-detail        200 200 200 200 200 200 200 200   404 404   401
GET    api:release-gates         200 200 200 200 200 200 200 200   404 404   401
POST   api:release-release       403 403 409 403 403 403 403 409   404 404   401
POST   api:release-withdraw      403 403 200 200 403 403 403 200   404 404   401
GET    api:deployment-list       200 200 200 200 200 200 200 200   200 200   401
POST   api:deployment-list       201 403 201 403 403 403 403 201   404 404   401
GET    api:deployment-detail     200 200 200 200 200 200 200 200   404 404   401
PATCH  api:deployment-detail     200 403 200 403 403 403 403 200   404 404   401
GET    api:deployment-gates      200 200 200 200 200 200 200 200   404 404   401
POST   api:deployment-begin      409 403 409 403 403 403 403 409   404 404   401
POST   api:deployment-end        200 403 200 200 403 403 403 200   404 404   401
GET    api:audit-event-list      200 200 200 200 200 200 200 200   200 200   401
GET    api:audit-event-detail    200 200 200 200 200 200 200 200   404 404   401
GET    api:audit-event-proof     409 409 409 409 409 409 409 409   404 404   401
GET    api:audit-head-list       200 200 200 200 200 200 200 200   200 200   401
GET    api:audit-head-detail     404 404 404 404 404 404 404 404   404 404   401
"""


def table(text: str) -> dict[tuple[str, str], dict[str, int]]:
    """{(route, method): {who: status}}"""
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        method, name, *statuses = words
        assert (name, method) not in lines, f"twice: {line}"
        assert method in METHODS and len(statuses) == len(WHO), f"one status for each of {WHO}: {line}"
        lines[name, method] = dict(zip(WHO, map(int, statuses), strict=True))
    return lines


EXPECTED = table(PAGES) | table(API)

# Orla belongs to nothing and audits the project under an engagement: she gets what Omar, its auditor by role, gets,
# but for what belongs to the organisation, and for what only an engagement's auditor does.
BY_ENGAGEMENT = {
    ("organisation-detail", "GET"): 404,
    ("organisation-detail", "POST"): 404,
    ("organisation-add-member", "POST"): 404,
    ("api:organisation-detail", "GET"): 404,
    ("project-create", "GET"): 404,
    ("project-create", "POST"): 404,
    ("api:project-list", "POST"): 404,
    ("factor-reset", "GET"): 404,
    ("factor-reset", "POST"): 404,
    ("organisation-review-access", "GET"): 404,
    ("organisation-review-access", "POST"): 404,
    ("engagement-close", "POST"): 422,
    ("engagement-ask", "POST"): 422,
    ("engagement-find", "POST"): 422,
    ("engagement-report", "GET"): 409,
    ("engagement-export", "POST"): 409,
    ("engagement-download", "GET"): 409,
    ("audit-request-send-back", "POST"): 422,
    ("audit-request-settle", "POST"): 302,
    ("audit-finding-close", "POST"): 422,
    ("api:engagement-close", "POST"): 200,
    ("api:engagement-requests", "POST"): 201,
    ("api:engagement-findings", "POST"): 201,
    ("api:engagement-readings", "GET"): 200,
    ("api:engagement-report", "GET"): 409,
    ("api:engagement-export", "GET"): 409,
    ("api:audit-request-send-back", "POST"): 409,
    ("api:audit-request-settle", "POST"): 200,
    ("api:audit-finding-close", "POST"): 200,
}
ROUTES = {route.name: route for route in routes()}


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[Everything]:
    """Built once for the whole table; nothing of it is left behind."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield everything()
        transaction.set_rollback(True)


@pytest.fixture(scope="module", autouse=True)
def counted_once() -> Iterator[None]:
    """What a page's frame counts for a person is a third of a knock, and the same at every door: knocks are undone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell, "approvals", SimpleNamespace(inbox=cache(approvals.inbox)))
        patch.setattr(shell, "notifications", SimpleNamespace(unseen=cache(notifications.unseen)))
        yield


TERMS = {"steps": [{"name": "Risk", "roles": ["risk_owner"]}]}


def body(house: Everything, name: str) -> dict[str, Any]:
    """What is sent to `name`: in order as far as the person matters."""
    home, pk = house.home, {noun: str(row.pk) for noun, row in house.records.items()}
    bodies: dict[str, dict[str, Any]] = {
        "organisation-detail": {"name": "Linden Bank", "seat": "DE"},
        "organisation-add-member": {"username": "dev"},
        "project-appoint": {"username": "noor", "role": "viewer"},
        "approval-detail": {"verdict": "approve", "reason": "Looked at it.", "password": "wrong"},
        "dossier-declare": {"prompt": "none", "text": "None."},
        "release-withdraw": {"reason": "A better one came."},
        "deployment-end": {"reason": "A better one came."},
        "api:project-list": {"organisation": str(home.organisation.pk), "name": "Another"},
        "api:project-members": {"username": "noor", "role": "viewer"},
        "api:project-classification": {"answers": {}, "reason": "So it is."},
        "api:base-model-list": {"project": pk["project"], "folder": "none", "name": "None", "licence": "MIT"},
        "api:dataset-list": {"project": pk["project"], "name": "Another"},
        "api:dataset-version-splits": {"method": "random"},
        "api:synthesis-list": {
            "version": pk["dataset-version"],
            "base_model": pk["base-model"],
            "kind": "answers",
            "prompt": "Again: {row.given}",
            "count": 3,
        },
        "api:redaction-list": {"version": pk["dataset-version"], "method": "mask", "kinds": ["email"]},
        "api:redaction-look-behind": {"pseudonym": "IBAN 0", "reason": "A request."},
        "hold-lift": {"reason": "Settled."},
        "api:hold-lift": {"reason": "Settled."},
        "api:hold-list": {"project": pk["project"], "basis": "legal-hold", "ground": "A claim."},
        "api:retention-rule-list": {"project": pk["project"], "days": {"data": 9}, "reason": "Storage is short."},
        "api:disposal-list": {"project": pk["project"], "things": [pk["dataset-version"]], "reason": "Unused."},
        "api:disposal-confirm": {"proof": "no.ne"},
        "api:erasure-list": {
            "version": pk["dataset-version"],
            "rows": [1],
            "case_number": "1",
            "reason": "Art. 17.",
            "proof": "no.ne",
        },
        "api:search-list": {"project": pk["project"], "case_number": "2026-17", "term": "-"},
        "api:annotation-task-list": {"version": pk["dataset-version"], "type": "review", "people": ["ben"]},
        "api:annotation-task-answers": {"place": 0, "choice": "good"},
        "api:scan-list": {"version": pk["dataset-version"]},
        "api:special-categories-list": {"version": pk["dataset-version"], "holds": "no", "reason": "Looked at it."},
        "api:dataset-describe": {"text": "---\nlicense: mit\n---\n"},
        "api:evaluation-plan-list": {"project": pk["project"], "name": "Another", "tasks": [], "thresholds": []},
        "api:run-list": {"project": pk["project"], "base_model": pk["base-model"], "data": [pk["dataset-version"]]},
        "api:approval-list": {"kind": "dataset_version", "id": pk["dataset-version"], "project": pk["project"]},
        "api:approval-decisions": {"verdict": "approve"},
        "approval-comment": {"text": "Who is the issuer?"},
        "api:approval-comments": {"text": "Who is the issuer?"},
        "api:policy-list": {"subject_kind": "run", "project": pk["project"], "terms": TERMS},
        "api:policy-detail": {"terms": TERMS},
        "api:delegation-list": {
            "project": pk["project"],
            "username": "rita",
            "role": "data_steward",
            "starts_on": str(timezone.localdate()),
            "ends_on": str(timezone.localdate()),
            "reason": "Away.",
        },
        "api:reauthentication-list": {"password": "wrong", "subject_sha256": "0" * 64, "verdict": "approve"},
        "api:reauthentication-challenges": {"subject_sha256": "0" * 64, "verdict": "approve"},
        "withdrawal-take-back": {"reason": "Consent covers it."},
        "api:withdrawal-list": {"version": pk["dataset-version"], "reason": "Consent was taken back."},
        "api:withdrawal-take-back": {"reason": "Consent covers it."},
        "envelope-revoke": {"reason": "The desk changed its tone."},
        "api:envelope-list": {
            "reference": pk["run"],
            "bounds": {"most_rows_added": 1},
            "expires_on": "2099-01-01",
            "reason": "More of the same.",
        },
        "api:envelope-revoke": {"reason": "The desk changed its tone."},
        "waiver-revoke": {"reason": "Other data was found."},
        "api:waiver-list": {
            "project": pk["project"],
            "kind": "dataset_version",
            "id": pk["waived"],
            "rule": "non-commercial",
            "purpose": "internal",
            "reason": "Nothing is sold.",
            "expires_on": "2099-01-01",
        },
        "api:licence-text-list": {
            "project": pk["project"],
            "kind": "dataset_version",
            "id": pk["waived"],
            "where": "LICENSE",
            "text": "So.",
        },
        "api:access-review-list": {
            "project": pk["project"],
            "rows": [],
            "shown_sha256": "0" * 64,
            "proof": "no.ne",
        },
        "api:engagement-list": {
            "organisation": str(home.organisation.pk),
            "projects": [pk["project"]],
            "title": "Audit of 2027",
            "auditors": ["orla"],
            "access_from": "2027-01-01",
            "access_until": "2027-02-01",
        },
        "api:engagement-open": {"sha256": "0" * 64},
        "api:engagement-close": {"conclusion": "Nothing to object to."},
        "api:engagement-requests": {"text": "Show me."},
        "api:engagement-findings": {"severity": "minor", "text": "None."},
        "api:audit-request-answers": {"text": "Here."},
        "api:audit-request-send-back": {"text": "Where?"},
        "api:audit-finding-respond": {"response": "We write some.", "owner": "ada", "due": "2099-01-01"},
        "api:audit-finding-close": {"how": "I saw them."},
        "api:waiver-revoke": {"reason": "Other data was found."},
        "api:licence-choice-list": {
            "project": pk["project"],
            "kind": "dataset_version",
            "id": pk["waived"],
            "chosen": "MIT",
            "reason": "So.",
        },
        "api:notification-preferences": {"channels": {"asked": "digest"}, "digest_hour": 7},
        "api:model-card-list": {"model_version": pk["model-version"]},
        "api:dossier-declarations": {"prompt": "none", "text": "None."},
        "api:dossier-facts": {"fact": "none", "value": True},
        "api:release-list": {"dossier_version": pk["dossier-version"]},
        "api:release-withdraw": {"reason": "A better one came."},
        "api:deployment-list": {"release": pk["release"], **factories.DEPLOYED, "name": "Another desk"},
        "api:deployment-end": {"reason": "A better one came."},
    }
    return bodies.get(name, {} if name.startswith("api:") else {"none": "of its fields"})


def knock(house: Everything, route: Route, method: str, who: str, *, absent: bool = False) -> Any:
    """(the answer, the address); whatever it did is undone."""
    client = house.client(who, api=route.is_api)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    address, given = house.address(route, method, absent=absent), body(house, route.name)
    with transaction.atomic():
        if method == "POST" and route.name in ("api:dataset-versions", "api:dataset-fetch"):
            parts = version_of(rows(3))
            if route.name == "api:dataset-fetch":
                del parts["file"]
                parts["repository"] = "owner/name"
            response = client.post(address, parts, format="multipart")
        elif route.is_api and method != "GET":
            headers = {"HTTP_IF_MATCH": "*"} if method == "PATCH" else {}
            response = client.generic(method, address, json.dumps(given), content_type="application/json", **headers)
        elif method == "POST":
            response = client.post(address, given)
        else:
            response = client.generic(method, address)
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)  # signing out is undone too
    return response, address


Knocks = Callable[[str], dict[tuple[str, str], tuple[int, str]]]


@pytest.fixture(scope="module")
def knocks(house: Everything) -> Knocks:
    """By the name of a person what they got at each door: the status, and of a 404 what it told."""

    @cache
    def of(who: str) -> dict[tuple[str, str], tuple[int, str]]:
        got = {}
        for name, method in EXPECTED:
            response, address = knock(house, ROUTES[name], method, who)
            got[name, method] = response.status_code, told(response, address) if response.status_code == 404 else ""
        return got

    return of


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    named = {name for name, _ in EXPECTED}
    assert named == set(ROUTES), "write a line for each of these, or take away what is gone"


@pytest.mark.parametrize("who", WHO)
def test_each_person_gets_at_each_door_what_the_table_says(knocks: Knocks, who: str) -> None:
    wrong = []
    for (name, method), (status, _) in knocks(who).items():
        if status != EXPECTED[name, method][who]:
            wrong.append(f"{method} {name}: {who} got {status}, not {EXPECTED[name, method][who]}")
    assert not wrong, "\n".join(wrong)


def test_an_auditor_by_engagement_gets_what_the_projects_auditor_gets(knocks: Knocks) -> None:
    assert set(BY_ENGAGEMENT) <= set(EXPECTED)
    wrong = []
    for (name, method), (status, _) in knocks("orla").items():
        wanted = BY_ENGAGEMENT.get((name, method), EXPECTED[name, method]["omar"])
        if status != wanted:
            wrong.append(f"{method} {name}: Orla got {status}, not {wanted}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", ["ada", "admin", "orla"])
def test_who_reads_sees_of_each_noun_what_who_acts_sees(house: Everything, who: str) -> None:
    """What a page asks once, from what it heard before, and what an act asks the database anew."""
    acts = house.actor(who)
    reads = acts.reading()
    nouns = [view for view in _below(NounViewSet) if hasattr(view, "seen")]
    assert len(nouns) > 40
    for view in nouns:
        assert set(view.seen(reads).values_list("pk")) == set(view.seen(acts).values_list("pk")), view.__name__
    rows = AuditEvent.objects.order_by()
    assert set(rows.filter(access.entries(reads))) == set(rows.filter(access.entries(acts)))
    for act in MAY:
        assert set(projects.where(reads, act)) == set(projects.where(acts, act)), act
        here = house.home.project.pk
        assert projects.may(reads, here, act) == projects.may(acts, here, act), act
    for act in MAY_FOR_ALL:
        assert set(organisations.where(reads, act)) == set(organisations.where(acts, act)), act


def _below(view: Any) -> Iterator[Any]:
    for found in view.__subclasses__():
        yield found
        yield from _below(found)


def test_what_has_no_line_is_no_method_of_the_route(house: Everything) -> None:
    open_doors = []
    for route in ROUTES.values():
        for method in METHODS:
            if (route.name, method) not in EXPECTED:
                response, _ = knock(house, route, method, "ada")
                if response.status_code != 405:
                    open_doors.append(f"{method} {route.name}: {response.status_code}")
    assert not open_doors, "\n".join(open_doors)


@pytest.mark.parametrize("who", STRANGERS)
def test_another_projects_record_is_told_exactly_as_an_absent_one(house: Everything, knocks: Knocks, who: str) -> None:
    told_apart, compared = [], 0
    for (name, method), expected in EXPECTED.items():
        route = ROUTES[name]
        if not route.parameters or expected[who] != 404:
            continue
        compared += 1
        _, foreign = knocks(who)[name, method]
        absent, nowhere = knock(house, route, method, who, absent=True)
        if absent.status_code != 404 or foreign != told(absent, nowhere):
            told_apart.append(f"{method} {name}: {foreign[-300:]!r} and {absent.content[-300:]!r}")
    assert not told_apart, "\n".join(told_apart)
    assert compared > 80


def test_another_projects_record_named_in_a_body_is_told_as_an_absent_one(house: Everything) -> None:
    dev, own = house.client("dev", api=True), str(house.home.elsewhere.pk)
    absent = "00000000-0000-0000-0000-000000000007"
    pk = {noun: str(row.pk) for noun, row in house.records.items()}

    def answers(address: str, **named: Any) -> list[bytes]:
        return [dev.post(f"{ROOT}{address}", given).content for given in (named, _with(named, absent))]

    asked = {
        "a base model of a run": answers("/runs/", project=own, base_model=pk["base-model"], data=[absent]),
        "the subject of a request": answers("/approvals/", project=own, kind="run", id=pk["run"]),
        "the model of a card": answers("/model-cards/", model_version=pk["model-version"]),
        "the dossier of a release": answers("/releases/", dossier_version=pk["dossier-version"]),
        "the release of a deployment": answers("/deployments/", release=pk["release"], **factories.DEPLOYED),
    }
    for what, (foreign, nowhere) in asked.items():
        assert foreign == nowhere, what
        assert json.loads(foreign)["status"] == 404, what


def _with(named: dict[str, Any], absent: str) -> dict[str, Any]:
    return {name: value if name in ("project", "kind", "data") else absent for name, value in named.items()}
