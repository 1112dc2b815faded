"""The form for rows that a model writes: which model, what it is asked, and what is not kept."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from governance.materials.syntheses.selectors import Offer
from preparation import synthesis
from preparation.synthesis import Filters, Source, Synthesis

KINDS = {
    synthesis.ANSWERS: _("Answers: the prompt and what the model answers"),
    synthesis.TEXTS: _("Texts: what the model writes, alone"),
    synthesis.REWRITES: _("Rewrites: rows of the seed with one text written anew, beside all rows as they are"),
}
COPIES = [
    (synthesis.NEAR, _("None that is the same or nearly the same")),
    (synthesis.EXACT, _("None that is the same")),
    (synthesis.NO_COPIES, _("Keep copies")),
]


class SynthesisForm(forms.Form):
    """`offers`: the models that may write here. `source`: what the seed's rows have, None for rows from none."""

    base_model = forms.ChoiceField(label=_("Model"), widget=forms.RadioSelect)
    kind = forms.ChoiceField(label=_("What becomes of its text"), initial=synthesis.ANSWERS, widget=forms.RadioSelect)
    field = forms.ChoiceField(label=_("Text that is written anew"), required=False)
    prompt = forms.CharField(
        label=_("Prompt"), max_length=synthesis.LONGEST_PROMPT, strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "class": "a-mono"}),
    )  # fmt: skip
    licence = forms.CharField(
        label=_("Licence of the rows"), max_length=200, help_text=_("SPDX expression, for example CC0-1.0.")
    )
    count = forms.IntegerField(
        label=_("Texts asked for"), initial=100, min_value=1, max_value=synthesis.MOST,
        help_text=_("Those that are not kept are not asked for again."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("Seed of the draws"), initial=0, min_value=0, max_value=2**53,
        help_text=_("The same seed, model and prompt give the same rows on the same machine."),
    )  # fmt: skip
    temperature = forms.FloatField(
        label=_("Temperature"), initial=0.8, min_value=0, max_value=synthesis.HOTTEST,
        help_text=_("0 takes the likeliest word each time; higher is more varied."),
    )  # fmt: skip
    max_new_tokens = forms.IntegerField(
        label=_("Tokens at most"), initial=256, min_value=1, max_value=synthesis.MOST_TOKENS
    )
    shortest = forms.IntegerField(label=_("Characters at least"), initial=1, min_value=1)
    longest = forms.IntegerField(label=_("Characters at most"), required=False, min_value=1)
    copies = forms.ChoiceField(label=_("Copies of the seed or of each other"), choices=COPIES)
    whole = forms.BooleanField(
        label=_("None that the limit of tokens cut off"), required=False, initial=True
    )  # fmt: skip
    persons = forms.BooleanField(
        label=_("None in which personal data or a secret is found"), required=False, initial=True
    )  # fmt: skip

    def __init__(self, *args: Any, offers: Sequence[Offer], source: Source | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source = source
        fields: Any = self.fields
        fields["base_model"].choices = [(str(offer.base_model.pk), str(offer.base_model)) for offer in offers]
        kinds = [(name, words) for name, words in KINDS.items() if source or name != synthesis.REWRITES]
        fields["kind"].choices = kinds
        if source is None:
            del fields["field"]
            fields["prompt"].help_text = _t("What the model is asked, each time anew.")
            return
        del fields["licence"]
        fields["field"].choices = [("", "—"), *((name, name) for name in source.writable)]
        names = ", ".join(f"{{{name}}}" for name in source.placeholders)
        fields["prompt"].help_text = _t("Placeholders are filled from a row of the seed: %(names)s.") % {"names": names}

    def asked(self) -> Synthesis:
        given = self.cleaned_data
        own = {name: given[name] for name in ("kind", "prompt", "count", "seed", "temperature", "max_new_tokens")}
        filters = {name: given[name] for name in ("shortest", "longest", "whole", "copies", "persons")}
        field = given.get("field", "") if given["kind"] == synthesis.REWRITES else ""
        return Synthesis(**own, field=field, filters=Filters(**filters))
