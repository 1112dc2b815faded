"""Every page, one list per noun, so that the whole house can be read here."""

from django.urls import path

app_name = None

urlpatterns: list = []
