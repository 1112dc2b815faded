from django.urls import path

from assay.accounts import views

urlpatterns = [
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("account/", views.account, name="account"),
    path("account/password/", views.ChangePassword.as_view(), name="change-password"),
    path("account/tokens/", views.create_token, name="create-token"),
    path("account/tokens/<str:digest>/revoke/", views.revoke_token, name="revoke-token"),
]
