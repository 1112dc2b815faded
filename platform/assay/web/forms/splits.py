"""The form for a split: which method, and what it looks at."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.materials.datasets import selectors
from governance.materials.datasets.models import DatasetVersion
from preparation.splits import BY_SHARES, DEFAULT_SHARES, MAX_PARTS, Split

METHODS = [
    ("random", _("At random")),
    ("group", _("By group")),
    ("time", _("By time")),
    ("folds", _("Folds")),
    ("given", _("As a column says")),
]
# Per cent that rounding may leave over: three thirds are 99.9.
LEFT_OVER = 0.2


class SplitForm(forms.Form):
    method = forms.ChoiceField(label=_("Method"), choices=METHODS, initial="random", widget=forms.RadioSelect)
    shares = forms.CharField(
        label=_("Parts, %"), required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One part a line, as “name: per cent”, together 100."),
    )  # fmt: skip
    column = forms.ChoiceField(
        label=_("Column"), required=False,
        help_text=_("What names the group, the time, or the part itself."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=_("Seed"), initial=0, min_value=0, max_value=2**32 - 1,
        help_text=_("The same seed always makes the same split. For random, group and folds."),
    )  # fmt: skip
    folds = forms.IntegerField(
        label=_("Number of folds"), initial=5, min_value=2, max_value=MAX_PARTS, help_text=_("For folds.")
    )

    def __init__(self, *args: Any, version: DatasetVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault(
            "shares", "\n".join(f"{name}: {100 * share:g}" for name, share in DEFAULT_SHARES.items())
        )
        columns = [(name, name) for name in selectors.columns(version)]
        self.fields["column"].choices = [("", _("choose one")), *columns]  # type: ignore[attr-defined]

    def clean_shares(self) -> dict[str, float]:
        """part -> share of 1. Raises ValidationError naming the first line that is none, or the sum."""
        shares: dict[str, float] = {}
        for number, line in enumerate(self.cleaned_data["shares"].splitlines(), start=1):
            name, _colon, percent = (part.strip() for part in line.rpartition(":"))
            if not line.strip():
                continue
            try:
                share = float(percent.rstrip(" %").replace(",", "."))
            except ValueError:
                share = 0
            if not name or not 0 < share <= 100:
                raise forms.ValidationError(
                    _("Line %(number)s does not read “name: per cent”, for example “train: 80”."),
                    params={"number": number},
                )
            if name in shares:
                raise forms.ValidationError(_("The part %(name)s is named twice."), params={"name": name})
            shares[name] = share
        total = sum(shares.values())
        if self.cleaned_data.get("method") in BY_SHARES and abs(total - 100) > LEFT_OVER:
            raise forms.ValidationError(_("The parts add up to %(sum)s %%, not to 100."), params={"sum": f"{total:g}"})
        return {name: share / total for name, share in shares.items()}

    def asked(self) -> Split:
        given = self.cleaned_data
        return Split(given["method"], given["seed"], given["shares"], given["column"], given["folds"])
