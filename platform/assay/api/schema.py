"""OpenAPI of what is really answered: every operation may end in a problem, every POST takes a key."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from assay.api.errors import MEDIA_TYPE, ProblemSerializer
from assay.api.idempotency import HEADER, LONGEST_KEY

KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=False,
    description="Repeat a request under the same key, and it is done once and answered as it was the first time.",
)
MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag of the state that was read."
)


class Schema(AutoSchema):
    """The shell's conventions, so that no noun has to repeat them."""

    def get_override_parameters(self) -> list[Any]:
        if self.method == "POST" and getattr(self.view, "keyed", True):
            return [KEY]
        return [MATCH] if self.method == "PATCH" else []

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            problem = self.resolve_serializer(ProblemSerializer, "response")
            operation["responses"]["default"] = {
                "description": "Refused, and why.",
                "content": {MEDIA_TYPE: {"schema": problem.ref}},
            }
        return operation
