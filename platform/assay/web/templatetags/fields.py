"""Form fields with label, hint and error in one place, and the list of errors at the top of a form.

Load it with `{% load fields %}`. The error stands beside its field and is tied to it for a screen reader
(`aria-describedby`, `aria-invalid`); the summary links to each field that is wrong.
"""

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()

_KINDS: list[tuple[type[forms.Widget], str]] = [
    (forms.HiddenInput, "hidden"),
    (forms.CheckboxInput, "check"),
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.RadioSelect, "choices"),
]


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    width: str = "",
    hint: str = "",
    segmented: bool = False,
    numeric: bool = False,
    until: str = "",
    **extra: str,
) -> dict[str, Any]:
    """One field. `width` is `w2` or `w4` of four columns; `hint` replaces the field's help text.

    `segmented` draws radio buttons as one bar; `numeric` aligns to the right; `until` says what a field that may wait
    is needed for, where "optional" would be half the truth. Further keyword arguments
    become attributes of the widget (`hx_get=url` is `hx-get`).
    """
    widget = bound.field.widget
    kind = next((name for cls, name in _KINDS if isinstance(widget, cls)), "plain")
    hint = hint or str(bound.help_text)
    described = [f"{bound.auto_id}_{part}" for part, there in (("hint", hint), ("error", bound.errors)) if there]
    attributes: dict[str, Any] = {name.replace("_", "-"): value for name, value in extra.items()}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if kind == "plain":
        numeric = numeric or isinstance(widget, forms.NumberInput)
        attributes["class"] = " ".join(filter(None, [widget.attrs.get("class"), "a-in", "n" if numeric else ""]))
    return {
        "bound": bound,
        "kind": kind,
        "hint": hint,
        "width": width,
        "segmented": segmented,
        "described": " ".join(described),
        "choices": bound.subwidgets if kind == "choices" else [],
        "widget": bound.as_widget(attrs=attributes) if kind != "choices" else "",
        # a placeholder says already what holds when the field is left empty
        "optional": not bound.field.required and kind == "plain" and not widget.attrs.get("placeholder"),
        "until": until,
    }


@register.inclusion_tag("components/errors_summary.html")
def errors_summary(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with `form`, each with a link to its field; nothing when nothing is."""
    rows = [{"words": words, "label": "", "target": ""} for words in form.non_field_errors()]
    for bound in form:
        target = "" if bound.is_hidden else _target(bound)
        rows += [{"words": words, "label": bound.label, "target": target} for words in bound.errors]
    return {"rows": rows}


def _target(bound: BoundField) -> str:
    """The id to jump to: of the first choice where a field has several, else of the field."""
    first = f"{bound.auto_id}_0" if isinstance(bound.field.widget, forms.RadioSelect) else bound.id_for_label
    return first or str(bound.auto_id)
