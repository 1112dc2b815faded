from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "assay.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from assay.accounts import seals
        from assay.accounts.doors import factors, tokens
        from assay.accounts.methods import CHECKERS
        from governance.people.access_reviews import selectors as access_reviews
        from governance.people.approvals import reauthentication

        seals.cover()
        for method, checker in CHECKERS.items():
            reauthentication.register(method, checker)
        access_reviews.tell_keys(tokens)
        access_reviews.tell_keys(factors)
