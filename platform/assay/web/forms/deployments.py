"""Forms about where a model is used, and about taking it out of use."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class DeploymentForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As people know it: “Help desk, production”. One of a kind here.")
    )
    place = forms.CharField(
        label=_("Where it runs"), widget=_lines(2), help_text=_("A system, a cluster, an address: what somebody stops.")
    )
    users = forms.CharField(
        label=_("Who uses it"), widget=_lines(2), help_text=_("Who works with it, and whom its answers reach.")
    )
    deployer = forms.CharField(
        label=_("Deployer"), max_length=200,
        help_text=_("The organisation under whose authority it is used: your own, or a customer (AI Act, Art. 3(4))."),
    )  # fmt: skip
    overseers = forms.CharField(
        label=_("Who watches over it"), widget=_lines(2),
        help_text=_(
            "People with the competence, training and authority for it, who can stop it (of high-risk systems: AI Act, "
            "Art. 26(2) and 14(4)(e))."
        ),
    )  # fmt: skip
    notes = forms.CharField(label=_("Notes"), widget=_lines(3), required=False)

    def given(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class EndForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=_lines(2))
