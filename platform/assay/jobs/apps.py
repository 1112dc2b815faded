from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "assay.jobs"
    label = "assay_jobs"

    def ready(self) -> None:
        from assay.jobs.enqueue import send_posted
        from governance.foundation.jobs.services import posted

        posted.connect(send_posted, dispatch_uid="assay.jobs")
