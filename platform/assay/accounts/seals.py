"""What of accounts, second factors and tokens the audit trail holds a salted commitment to.

Whoever owns the database could otherwise give themselves a factor, a password or an account, and sign as somebody else.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.contrib.auth import get_user_model
from knox.models import AuthToken

from governance.foundation.audit import covering
from governance.foundation.audit.seals import Private
from governance.foundation.core.records import stored_fields

USED = frozenset({"last_used_at"})
COUNTS = frozenset({"step", "count", "viewed_at"})  # of what was shown last; they change with every use
SECRETS = frozenset({"secret", "seed"})


def cover() -> None:
    account = Private("account", act="account.changed", person="pk", passing=frozenset({"last_login"}))
    factor = Private("second factor", act="factor.changed", person="user_id", passing=USED, bound=_factor)
    # The library removes tokens that ran out, and tells nobody.
    token = Private("API token", act="token.changed", person="user_id", may_go=True)
    covering.cover(get_user_model(), account)
    covering.cover(Authenticator, factor)
    covering.cover(AuthToken, token)


def _factor(row: Authenticator) -> dict[str, Any]:
    """The secret as it is: enciphered it looks another way with every use, and under the next SECRET_KEY."""
    told = {name: value for name, value in stored_fields(row).items() if name not in USED}
    if isinstance(row.data, dict):
        told["data"] = {name: _opened(name, value) for name, value in row.data.items() if name not in COUNTS}
    return told


def _opened(name: str, value: Any) -> Any:
    if name not in SECRETS:
        return value
    try:
        return decrypt(value)
    except (InvalidToken, AttributeError, TypeError):
        return value  # nobody can use it either
