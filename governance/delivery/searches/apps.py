from django.apps import AppConfig


class SearchesConfig(AppConfig):
    name = "governance.delivery.searches"
    label = "searches"
    verbose_name = "Searches for a person or a phrase"

    def ready(self) -> None:
        from governance.delivery.searches.models import Search
        from governance.foundation.jobs import errands

        errands.register(Search)
