from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "governance.people.projects"
    label = "projects"
    verbose_name = "Projects"
