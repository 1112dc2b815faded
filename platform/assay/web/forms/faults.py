"""Puts what a service refused onto the fields it is about, so that nothing typed is lost."""

from collections.abc import Callable
from typing import Any

from django import forms

from governance.foundation.core.errors import Fault, GateClosed, NotAllowed, NotFound, Refusal, Unusable


def onto(form: forms.BaseForm, error: Refusal) -> None:
    """Show `error` in `form`: each fault beside its field, the rest on top.

    A form whose `rest_goes_to` names a field (the folder whose files are looked into) has the rest there.
    """
    if isinstance(error, Unusable):
        for fault in error.faults:
            name = _field(form, fault)
            text = f"{fault.message} {fault.cure}".strip() if name else str(fault)
            form.add_error(name or getattr(form, "rest_goes_to", None), text)
    elif isinstance(error, GateClosed):
        for missing in error.missing:
            form.add_error(None, f"{missing.what}: {missing.cure}")
    else:
        form.add_error(None, str(error))


def attempt(form: forms.BaseForm, act: Callable[[], Any]) -> Any:
    """The result of `act`, or None with its refusal shown in `form`. Who may not, or sees nothing, gets no form."""
    try:
        return act()
    except (NotAllowed, NotFound):
        raise
    except Refusal as error:
        onto(form, error)
        return None


def _field(form: forms.BaseForm, fault: Fault) -> str | None:
    """The form's name for the fault's field: "provenance.source" may be the field `source`."""
    if fault.row is not None:
        return None
    for name in (fault.field, fault.field.replace(".", "_"), fault.field.rsplit(".", 1)[-1]):
        if name in form.fields:
            return name
    return None
