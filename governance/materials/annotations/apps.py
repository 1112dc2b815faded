from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "governance.materials.annotations"
    label = "annotations"
    verbose_name = "Expert review, labels and preferences"

    def ready(self) -> None:
        from governance.foundation.jobs import errands
        from governance.materials.annotations import making, selectors
        from governance.materials.annotations.models import AnnotationTask
        from governance.materials.datasets.models import DatasetVersion
        from governance.people.approvals import subjects

        errands.register(AnnotationTask)
        subjects.tell_also(DatasetVersion, selectors.told_to_deciders)
        subjects.touch_also(DatasetVersion, making.touched)
