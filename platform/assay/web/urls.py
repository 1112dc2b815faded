"""Every page, one list per noun, so that the whole house can be read here."""

app_name = None

urlpatterns: list = []
