from django.urls import path

from assay.accounts import factor_pages, sign_in, views

urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/second/", sign_in.second, name="sign-in-second"),
    path("sign-in/second/challenge/", sign_in.second_challenge, name="sign-in-challenge"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("account/", views.account, name="account"),
    path("account/password/", views.ChangePassword.as_view(), name="change-password"),
    path("account/app/", factor_pages.add_app, name="factor-add-app"),
    path("account/keys/", factor_pages.add_key, name="factor-add-key"),
    path("account/keys/challenge/", factor_pages.new_key_challenge, name="factor-key-challenge"),
    path("factors/<int:pk>/remove/", factor_pages.remove, name="factor-remove"),
    path("account/recovery-codes/", factor_pages.renew_codes, name="factor-renew-codes"),
    path("account/challenge/", factor_pages.key_challenge, name="key-challenge"),
    path("people/<int:pk>/reset-factors/", factor_pages.reset, name="factor-reset"),
    path("account/tokens/", views.create_token, name="create-token"),
    path("account/tokens/<str:digest>/revoke/", views.revoke_token, name="revoke-token"),
]
