from django.apps import AppConfig


class AccessReviewsConfig(AppConfig):
    name = "governance.people.access_reviews"
    label = "access_reviews"
    verbose_name = "Access reviews"
