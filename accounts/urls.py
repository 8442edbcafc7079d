"""Addresses below `/api/v1/`."""

from django.urls import path

from accounts.api import blocks, credentials, devices, me, registration, sessions

urlpatterns = [
    path("auth/register/", registration.RegisterView.as_view()),
    path("auth/verify/", registration.VerifyView.as_view()),
    path("auth/otp/resend/", registration.ResendView.as_view()),
    path("auth/login/", sessions.LoginView.as_view()),
    path("auth/refresh/", sessions.RefreshView.as_view()),
    path("auth/logout/", sessions.LogoutView.as_view()),
    path("auth/sessions/", sessions.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>/", sessions.SessionView.as_view()),
    path("auth/password/change/", credentials.PasswordChangeView.as_view()),
    path("auth/password/reset/", credentials.PasswordResetView.as_view()),
    path("auth/password/reset/confirm/", credentials.PasswordResetConfirmView.as_view()),
    path("auth/email/change/", credentials.EmailChangeView.as_view()),
    path("auth/email/change/confirm/", credentials.EmailChangeConfirmView.as_view()),
    path("auth/ws-ticket/", sessions.TicketView.as_view()),
    path("users/me/", me.MeView.as_view()),
    path("users/me/blocks/", blocks.BlocksView.as_view()),
    path("users/me/devices/", devices.DevicesView.as_view()),
    path("users/me/devices/<uuid:device_id>/", devices.DeviceView.as_view()),
    path("users/<uuid:id>/block/", blocks.BlockView.as_view()),
]
