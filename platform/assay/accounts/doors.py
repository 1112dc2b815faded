"""What opens a door for people beside their password, in words for whoever reviews access."""

from collections import Counter, defaultdict
from collections.abc import Collection

from allauth.mfa.models import Authenticator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from knox.models import AuthToken


def tokens(user_ids: Collection[int]) -> dict[int, list[str]]:
    """API tokens that are good today, counted; a token is its owner's to revoke, and ends with their access."""
    live = AuthToken.objects.filter(user__in=user_ids).exclude(expiry__lte=timezone.now())
    counted = Counter(live.values_list("user_id", flat=True))
    return {user: [ngettext("%(n)s API token", "%(n)s API tokens", n) % {"n": n}] for user, n in counted.items()}


def factors(user_ids: Collection[int]) -> dict[int, list[str]]:
    """Second factors that people set up, by their kind."""
    kept = Authenticator.objects.filter(user__in=user_ids).exclude(type=Authenticator.Type.RECOVERY_CODES)
    found: dict[int, list[str]] = defaultdict(list)
    for user, kind in kept.order_by("type").values_list("user_id", "type").distinct():
        found[user].append(str(_("authenticator app") if kind == Authenticator.Type.TOTP else _("security key")))
    return dict(found)
