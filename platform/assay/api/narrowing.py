"""Narrowing a list by query parameters that the view declares one by one."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request


@dataclass(frozen=True)
class By:
    """One parameter: the lookup that it narrows by, and what it may be."""

    lookup: str
    field: serializers.Field[Any, Any, Any, Any]
    says: str = ""

    def schema(self) -> dict[str, Any]:
        if isinstance(self.field, serializers.UUIDField):
            return {"type": "string", "format": "uuid"}
        if isinstance(self.field, serializers.ChoiceField):
            return {"type": "string", "enum": list(self.field.choices)}
        return {"type": "string"}


def by_project(lookup: str = "project") -> By:
    return By(lookup, serializers.UUIDField(), "Of this project only.")


class Narrowing(BaseFilterBackend):
    """Applies `view.narrowed_by`. Raises ValidationError for a value that cannot be one."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        for name, by in view.narrowed_by.items():
            given = request.query_params.get(name)
            if given is None:
                continue
            try:
                queryset = queryset.filter(**{by.lookup: by.field.run_validation(given)})
            except serializers.ValidationError as error:
                raise serializers.ValidationError({name: error.detail}) from None
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "in": "query", "required": False, "description": by.says, "schema": by.schema()}
            for name, by in view.narrowed_by.items()
        ]
