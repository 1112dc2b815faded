"""The form for a quality profile: what it looks at beside the rows themselves."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.foundation.core.actor import Actor
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors
from governance.materials.datasets.measuring import VERSIONS_AT_MOST, Options
from governance.materials.datasets.models import WITH_FILE, DatasetVersion, Split
from governance.materials.datasets.rules import SplitState


class ProfileForm(forms.Form):
    base_model = forms.ModelChoiceField(
        label=_("Tokens of"), queryset=BaseModel.objects.none(), required=False,
        empty_label=_("no model: characters alone"),
        help_text=_("Lengths in tokens depend on the model that is trained."),
    )  # fmt: skip
    limit = forms.IntegerField(
        label=_("Cut at, tokens"), required=False, min_value=1, max_value=1_000_000,
        help_text=_("The length that is trained on; what is longer is counted."),
    )  # fmt: skip
    versions = forms.ModelMultipleChoiceField(
        label=_("Hold against other data"), queryset=DatasetVersion.objects.none(), required=False,
        help_text=_("Validation or test data of the project, at most %(n)s.") % {"n": VERSIONS_AT_MOST},
    )  # fmt: skip
    split = forms.ModelChoiceField(
        label=_("Hold the parts of its split against one another"), queryset=Split.objects.none(), required=False,
        empty_label=_("no split"), help_text=_("Rows alike in two parts make a result look better than it is."),
    )  # fmt: skip
    suites = forms.BooleanField(
        label=_("Hold against the evaluation's own suites"), required=False, initial=True,
        help_text=_("Rows that are asked in the evaluation make its result worthless."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, version: DatasetVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = selectors.versions_visible_to(actor).filter(WITH_FILE, dataset__project_id=version.project_id)
        self.fields["base_model"].queryset = base_models.visible_to(actor)  # type: ignore[attr-defined]
        self.fields["versions"].queryset = others.exclude(pk=version.pk)  # type: ignore[attr-defined]
        self.fields["split"].queryset = version.splits.filter(state=SplitState.READY)  # type: ignore[attr-defined]

    def options(self) -> Options:
        given = self.cleaned_data
        model = given["base_model"]
        return Options(
            base_model=model.pk if model else None,
            limit=given["limit"],
            versions=tuple(one.pk for one in given["versions"]),
            suites=given["suites"],
            split=given["split"].pk if given["split"] else None,
        )
