from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    name = "governance.delivery.releases"
    label = "releases"
    verbose_name = "Releases"

    def ready(self) -> None:
        from governance.delivery.releases import notices, retrains, selectors
        from governance.delivery.releases.models import Release
        from governance.documents.sources import outlets
        from governance.people.approvals import subjects
        from governance.work.envelopes import candidates
        from governance.work.envelopes import selectors as envelopes

        subjects.register(Release, summary=selectors.summary, follows=("model_version__run__evaluation_plan",))
        subjects.touch_also(Release, selectors.touched)
        outlets.register(selectors.as_sources)
        notices.register()
        candidates.register(Release, retrains.checks)
        subjects.tell_also(Release, envelopes.told)
