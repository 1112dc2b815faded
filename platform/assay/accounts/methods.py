"""How the devices of a person are checked, for a signature, for signing in, for a change of the devices themselves."""

import time

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt, encrypt
from django.db import transaction
from django.utils import timezone

from assay.accounts import keys
from assay.accounts.models import User
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.people.approvals.methods import Method
from governance.people.approvals.reauthentication import Checker, Purpose

Type = Authenticator.Type


def step_of(secret: str, code: str, after: int = 0) -> int | None:
    """The time step (RFC 6238) whose code this is, one to either side allowed; None where it is none after `after`."""
    now = int(time.time()) // int(app_settings.TOTP_PERIOD)
    for step in (now, now - 1, now + 1):
        if step > after and compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return step
    return None


class _Device:
    """One of whose kind a person has or has not."""

    type: Authenticator.Type

    def has(self, user: User) -> bool:
        return bool(Authenticator.objects.filter(user=user, type=self.type).exists())


class AppCode(_Device):
    type = Type.TOTP

    @transaction.atomic
    def check(self, user: User, shown: str, purpose: Purpose) -> bool:
        """The step of an accepted code is kept: neither it nor an earlier one is accepted again (RFC 6238, 5.2)."""
        app = Authenticator.objects.select_for_update().get(user=user, type=self.type)
        secret = decrypt(app.data["secret"])
        step = step_of(secret, shown, after=app.data.get("step", 0))
        if step is None:
            return False
        app.data |= {"step": step, "secret": encrypt(secret)}  # under the key in force, should it have changed
        app.last_used_at = timezone.now()
        app.save(update_fields=["data", "last_used_at"])
        return True


class RecoveryCode(_Device):
    type = Type.RECOVERY_CODES

    @transaction.atomic
    def check(self, user: User, shown: str, purpose: Purpose) -> bool:
        codes = RecoveryCodes(Authenticator.objects.get(user=user, type=self.type))
        if not codes.validate_code(shown):
            return False
        codes.instance.record_usage()
        record(Actor.of(user), "factor.recovery-code-used", facts={"left": len(codes.get_unused_codes())})
        return True


class SecurityKey(_Device):
    type = Type.WEBAUTHN

    def check(self, user: User, shown: str, purpose: Purpose) -> bool:
        return keys.recognised(user, purpose, shown)


CHECKERS: dict[Method, Checker] = {
    Method.TOTP: AppCode(),
    Method.RECOVERY_CODE: RecoveryCode(),
    Method.WEBAUTHN: SecurityKey(),
}
