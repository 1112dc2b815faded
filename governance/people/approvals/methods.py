"""How a person shows who they are, and what each way is good for. Pure: documents are set without a database."""

from enum import StrEnum

from django.utils.translation import gettext_noop

from governance.foundation.core.errors import Fault


class Method(StrEnum):
    """Every way there is, the strongest first."""

    WEBAUTHN = "webauthn"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    PASSWORD = "password"  # noqa: S105


# With what one signs, what counts as a second factor there, and what lets a person back in who lost theirs.
SIGNS = frozenset({Method.WEBAUTHN, Method.TOTP, Method.PASSWORD})
SECOND = frozenset({Method.WEBAUTHN, Method.TOTP})
SECOND_OR_RECOVERY = SECOND | {Method.RECOVERY_CODE}

SPOKEN = {
    Method.WEBAUTHN: gettext_noop("security key"),
    Method.TOTP: gettext_noop("code of an authenticator app"),
    Method.RECOVERY_CODE: gettext_noop("recovery code"),
    Method.PASSWORD: gettext_noop("password"),
}

WRONG = {
    Method.WEBAUTHN: Fault("credential", "That key is not yours, or it took too long.", "Press it again."),
    Method.TOTP: Fault("code", "That code is wrong, or it was used already.", "Wait for the next one, then try again."),
    Method.RECOVERY_CODE: Fault("code", "That is none of your unused recovery codes.", "Try another."),
    Method.PASSWORD: Fault("password", "That is not your password; nothing was signed.", "Try again."),
}
