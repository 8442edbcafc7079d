"""Every setting, read from the environment (and from `.env` beside `manage.py`).

Without any settings, the product runs on SQLite in one process, with files and mails below `DATA_DIR`. Set
`DATABASE_URL` and `REDIS_URL` to use PostgreSQL and several processes. `docs/settings.md` lists all settings.
"""

import secrets
import sys
from datetime import timedelta
from pathlib import Path

from corsheaders.defaults import default_headers
from environs import Env

from accounts.keys import derive_key
from chatproject import __version__
from chatproject.api_docs import openapi_settings
from chatproject.console import unfold_settings
from chatproject.databases import database_settings
from chatproject.generated_secrets import load_or_generate
from chatproject.logs import logging_config
from chatproject.origins import EXPOSED_HEADERS, normalize_origins
from chatproject.private_files import create_private_folder, restrict_data_dir
from chatproject.push_keys import firebase_credentials, make_vapid_key, vapid_key
from chatproject.redis_backends import caches, channel_layers
from chatproject.storage import storage_of

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

# --- Server and data --------------------------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
WORKERS = env.int("WORKERS", 1)
# How long a stopping server reports that it is not ready before it closes its port.
STOP_DELAY_SECONDS = env.float("STOP_DELAY_SECONDS", 1)
SITE_NAME = env.str("SITE_NAME", "chatproject")
DEBUG = env.bool("DEBUG", False)
REDIS_URL = env.str("REDIS_URL", "")
REDIS_PREFIX = env.str("REDIS_PREFIX", "chat")
VERSION = __version__
# The internal location where nginx finds the uploads, like /protected/. Empty: this server sends them.
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", "")
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static")
_shared = {Path(STATIC_ROOT), DATA_DIR / "uploads"} if ACCEL_REDIRECT else {Path(STATIC_ROOT)}
restrict_data_dir(DATA_DIR, shared=_shared, is_group_allowed=bool(ACCEL_REDIRECT))
SECRET_KEY = env.str("SECRET_KEY", "") or load_or_generate(DATA_DIR / "secret_key", lambda: secrets.token_urlsafe(64))

# --- Applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "chatproject",  # before daphne, whose `runserver` it extends
    "daphne",  # before staticfiles, whose `runserver` knows no sockets
    "unfold",
    "django.contrib.admin",
    "accounts",  # before django.contrib.auth, whose `changepassword` and `createsuperuser` it replaces
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
    "common",
    "conversations",
    "encryption",
    "media",
    "notifications",
    "messaging",
    "operations",
]
MIDDLEWARE = [
    "common.middleware.ForwardedMiddleware",
    "common.middleware.RequestIdMiddleware",
    "common.middleware.SecurityHeadersMiddleware",
    "common.middleware.CompressionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "common.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "common.middleware.ConsoleAddressLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.middleware.ProblemMiddleware",
]
ROOT_URLCONF = "chatproject.urls"
ASGI_APPLICATION = "chatproject.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
# Languages of mails and pushes (`notifications/locale/`). Everything else is English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
TIME_ZONE = "UTC"

# --- Database ---------------------------------------------------------------------------------------------------
# Database threads for sockets, per process. On PostgreSQL this nearly equals the number of connections.
DATABASE_THREADS = env.int("DATABASE_THREADS", 4)
_database = env.dj_db_url("DATABASE_URL") if env.str("DATABASE_URL", "") else {}
DATABASES, DATABASE_IS_POSTGRES = database_settings(_database, DATA_DIR, DATABASE_THREADS)

# --- Redis and background tasks ---------------------------------------------------------------------------------
CHANNEL_LAYERS = channel_layers(REDIS_URL, REDIS_PREFIX)
CACHES = caches(REDIS_URL, REDIS_PREFIX)
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

# --- Signing in -------------------------------------------------------------------------------------------------
PASSWORD_HASHERS = ["accounts.hashers.PasswordHasher", "accounts.hashers.OldPasswordHasher"]
_validators = "django.contrib.auth.password_validation"
_similar_to = {"user_attributes": ("username", "email", "full_name")}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_validators}.UserAttributeSimilarityValidator", "OPTIONS": _similar_to},
    {"NAME": f"{_validators}.MinimumLengthValidator"},
    {"NAME": f"{_validators}.CommonPasswordValidator"},
    {"NAME": f"{_validators}.NumericPasswordValidator"},
]
REQUIRE_EMAIL_VERIFICATION = env.bool("REQUIRE_EMAIL_VERIFICATION", True)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env.float("ACCESS_TOKEN_MINUTES", 15))
# Access tokens (accounts/tokens.py). The claims are named so that tokens of earlier versions stay good, and the other
# way round while servers of both versions run.
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": derive_key(SECRET_KEY, "access"),
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "TOKEN_TYPE_CLAIM": "typ",
    "USER_ID_CLAIM": "sub",
    "JTI_CLAIM": None,
}
REFRESH_TOKEN_LIFETIME = timedelta(days=env.int("REFRESH_TOKEN_DAYS", 30))
ACCOUNT_ERASURE_DELAY = timedelta(days=env.int("ACCOUNT_ERASURE_DAYS", 14))
SOCKET_TOKEN_IN_QUERY = env.bool("SOCKET_TOKEN_IN_QUERY", False)
# Whether the server may hold keys for clients that cannot encrypt.
MANAGED_KEYS = env.bool("MANAGED_KEYS", True)
LOBBY = env.bool("LOBBY", True)
LOBBY_AUTO_JOIN = env.bool("LOBBY_AUTO_JOIN", True)
# Channels up to this size behave like groups: members see who joins and leaves, and count as acquainted.
SMALL_CHANNEL_MEMBERS = env.int("SMALL_CHANNEL_MEMBERS", 100)

# --- Limits: `count/period`, several joined by `;` --------------------------------------------------------------
RATE_MESSAGES = env.str("RATE_MESSAGES", "5/5s;30/m")
RATE_EDITS = env.str("RATE_EDITS", "5/5s;30/m")
RATE_REACTIONS = env.str("RATE_REACTIONS", "20/10s;60/m")
RATE_MARKS = env.str("RATE_MARKS", "300/10s;900/m")
# All other changes: to conversations, members, pins and a person's own settings.
RATE_CHANGES = env.str("RATE_CHANGES", "40/10s;120/m")
RATE_CONVERSATIONS = env.str("RATE_CONVERSATIONS", "20/m;200/d")
RATE_INVITES = env.str("RATE_INVITES", "30/h;100/d")
# Strangers that a person adds, invites or writes to first; and strangers by whom a person is added.
RATE_STRANGERS = env.str("RATE_STRANGERS", "50/h;100/d")
RATE_ADDED = env.str("RATE_ADDED", "20/d")
RATE_REPORTS = env.str("RATE_REPORTS", "20/h;100/d")
RATE_STAFF = env.str("RATE_STAFF", "600/m")
# Requests from one address without a sign-in. Many people may share an address, for example at a school.
RATE_REQUESTS = env.str("RATE_REQUESTS", "300/m;3000/h")
RATE_REQUESTS_USER = env.str("RATE_REQUESTS_USER", "600/m;10000/h")
# Frames of one socket. Further frames are refused, then the socket is closed.
RATE_FRAMES = env.str("RATE_FRAMES", "200/10s")
RATE_SEARCH = env.str("RATE_SEARCH", "30/m")
RATE_UPLOADS = env.str("RATE_UPLOADS", "60/m;1000/d")
RATE_AVATARS = env.str("RATE_AVATARS", "10/m;60/h")
RATE_FILES = env.str("RATE_FILES", "3000/m;50000/h")
RATE_AUTH = env.str("RATE_AUTH", "10/m;100/h")
RATE_AUTH_ADDRESS = env.str("RATE_AUTH_ADDRESS", "60/m;300/h")
RATE_OTP = env.str("RATE_OTP", "3/15m;10/d")
# Changes of a password or an e-mail address, and requests to delete an account.
RATE_ACCOUNT = env.str("RATE_ACCOUNT", "10/h;30/d")
RATE_TICKETS = env.str("RATE_TICKETS", "60/m;1000/h")
RATE_KEY_DEVICES = env.str("RATE_KEY_DEVICES", "20/h;50/d")
RATE_KEY_BACKUP_READS = env.str("RATE_KEY_BACKUP_READS", "20/h;50/d")
RATE_KEY_BACKUP_WRITES = env.str("RATE_KEY_BACKUP_WRITES", "60/h")
# One-time keys of one device that a person may fetch.
RATE_PREKEYS = env.str("RATE_PREKEYS", "6/10m;30/d")
RATE_MANAGED_KEYS = env.str("RATE_MANAGED_KEYS", "5/h;10/d")
RATE_MANAGED_ENCRYPT = env.str("RATE_MANAGED_ENCRYPT", "120/m")
RATE_MANAGED_DECRYPT = env.str("RATE_MANAGED_DECRYPT", "10/m;100/h")
# Seconds before a push is sent, unless the message is read first. People who are online get longer.
PUSH_DELAY_SECONDS = env.float("PUSH_DELAY_SECONDS", 5)
PUSH_ONLINE_SECONDS = env.float("PUSH_ONLINE_SECONDS", 60)
# Whether a push contains the sender and the text. Otherwise it contains ids only.
PUSH_PREVIEWS = env.bool("PUSH_PREVIEWS", False)
# Minutes during which a message can be edited. 0: always.
EDIT_WINDOW_MINUTES = env.int("EDIT_WINDOW_MINUTES", 0)
MAX_BODY_BYTES = 1024 * 1024
MAX_UPLOAD_MB = env.int("MAX_UPLOAD_MB", 50)
UPLOAD_MB_BY_KIND: dict[str, int] = env.dict("UPLOAD_MB_BY_KIND", {}, subcast_values=int)
UPLOAD_QUOTA_MB = env.int("UPLOAD_QUOTA_MB", 2048)
UPLOAD_TYPES = env.list("UPLOAD_TYPES", ["*"])
MAX_AVATAR_MB = env.int("MAX_AVATAR_MB", 10)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # in memory; the rest of a body is written to disk
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- Hosts, origins and proxies ---------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = normalize_origins(env.list("CSRF_TRUSTED_ORIGINS", []))
CORS_ALLOWED_ORIGINS = normalize_origins(env.list("CORS_ORIGINS", []))
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match", "range", "if-range")
CORS_EXPOSE_HEADERS = EXPOSED_HEADERS
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", [])
CSRF_COOKIE_SAMESITE = "Strict"
# Whether people connect by https. The console's cookies are then sent by https only.
TLS = env.bool("TLS", bool(TRUSTED_PROXIES) and any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 30 * 24 * 3600 if TLS else 0)
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", TLS)
SECURE_REDIRECT_EXEMPT = ["^health/", "^metrics$"]  # requested from this machine
# HSTS for subdomains and preloading is the domain owner's decision.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # accepted from them only: common/middleware.py
STATIC_URL = "/static/"
STATICFILES_DIRS = [("js", BASE_DIR / "clients" / "js"), ("web", BASE_DIR / "clients" / "web")]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["png", "map"]
# The program that packs the page into two files. Empty, or not there: browsers load its modules one by one.
ESBUILD = env.str("ESBUILD", f"{sys.prefix}/bin/esbuild")

# --- Files ------------------------------------------------------------------------------------------------------
_storage = storage_of(env.str("STORAGE_URL", ""), folder=DATA_DIR / "uploads", is_shared=bool(ACCEL_REDIRECT))
STORAGE_ORIGIN = _storage.origin  # from where browsers fetch files, if not from this server
STORAGES = {
    "default": _storage.backend,
    "staticfiles": {"BACKEND": "chatproject.page_files.PageFilesStorage"},
}
# Always on disk, because a child process reads them, and beside the uploads, so that storing one is a rename.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_PERMISSIONS = 0o600
create_private_folder(FILE_UPLOAD_TEMP_DIR)

# --- Backups ----------------------------------------------------------------------------------------------------
# Encrypts backups; without it none are made. It is never generated: it must be kept apart from this machine.
BACKUP_KEY = env.str("BACKUP_KEY", "")
# Where each backup is copied to, besides DATA_DIR/backups.
BACKUP_URL = env.str("BACKUP_URL", "")
BACKUP_FOLDER = DATA_DIR / "backups"
if BACKUP_URL:
    STORAGES["backups"] = storage_of(BACKUP_URL, folder=BACKUP_FOLDER, setting="BACKUP_URL").backend
BACKUP_EVERY_HOURS = env.int("BACKUP_EVERY_HOURS", 0)
# How many backups to keep, and for how many days. The newest is always kept. 0: no limit.
BACKUP_KEEP = env.int("BACKUP_KEEP", 7)
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", 0)
BACKUP_DRILL_EVERY_DAYS = env.int("BACKUP_DRILL_EVERY_DAYS", 7)

# --- Mail and push ----------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <chat@localhost>")
if env.str("EMAIL_URL", ""):
    vars().update(env.dj_email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
FIREBASE_CREDENTIALS = firebase_credentials(
    env.str("FIREBASE_CREDENTIALS_PATH", ""), env.str("FIREBASE_CREDENTIALS_JSON", "")
)
FCM_URL = env.str("FCM_URL", "https://fcm.googleapis.com").rstrip("/")
# Browsers identify this server by it. If it changes, all push subscriptions become invalid.
_vapid_key = env.str("VAPID_PRIVATE_KEY", "") or load_or_generate(DATA_DIR / "vapid_key", make_vapid_key)
VAPID_PRIVATE_KEY = vapid_key(_vapid_key)
PUSH_TO_LOOPBACK = env.bool("PUSH_TO_LOOPBACK", False)

# --- The API and the console ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.authentication.RequestThrottle"],
    "DEFAULT_PARSER_CLASSES": ["common.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["common.api.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "common.openapi.Schema",
    "EXCEPTION_HANDLER": "common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = openapi_settings(SITE_NAME, VERSION)
LOGIN_URL = LOGIN_REDIRECT_URL = "/admin/"
UNFOLD = unfold_settings(SITE_NAME)

# --- Logs and metrics -------------------------------------------------------------------------------------------
# The bearer token for reading /metrics. Empty: only this machine may read them.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
LOG_FORMAT = env.str("LOG_FORMAT", "text")
LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT)
