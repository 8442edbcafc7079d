"""Every setting, read from the environment (and from `.env` beside `manage.py`).

With nothing set the product runs on SQLite in one process, with files and mails below `DATA_DIR`.
`DATABASE_URL` and `REDIS_URL` take it to PostgreSQL and to many processes. `docs/settings.md` lists all of them.
"""

import secrets
from datetime import timedelta
from pathlib import Path

from corsheaders.defaults import default_headers
from django.templatetags.static import static
from environs import Env, EnvError

from chatproject import __version__
from chatproject.kept import kept
from chatproject.logs import logging_config
from chatproject.origins import as_browsers_write
from chatproject.private import close_database, keep_private
from chatproject.push import firebase_credentials, make_vapid_key, vapid_key
from chatproject.storage import storage_of

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

# --- Where things lie -------------------------------------------------------------------------------------------
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
WORKERS = env.int("WORKERS", 1)
# How long a server that is told to stop says that it is not ready before it lets go of its port.
STOP_DELAY_SECONDS = env.float("STOP_DELAY_SECONDS", 1)
SITE_NAME = env.str("SITE_NAME", "chatproject")
DEBUG = env.bool("DEBUG", False)
REDIS_URL = env.str("REDIS_URL", "")
REDIS_PREFIX = env.str("REDIS_PREFIX", "chat")
VERSION = __version__
# Where nginx finds the uploads by itself, like /protected/; empty: this server sends them.
ACCEL_REDIRECT = env.str("ACCEL_REDIRECT", "")
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static")
try:
    shared = {Path(STATIC_ROOT), DATA_DIR / "uploads"} if ACCEL_REDIRECT else {Path(STATIC_ROOT)}
    keep_private(DATA_DIR, but=shared, is_entered=bool(ACCEL_REDIRECT))
except OSError as error:
    raise EnvError(f"DATA_DIR={DATA_DIR} cannot be written to: {error.strerror}.") from None
SECRET_KEY = env.str("SECRET_KEY", "") or kept(DATA_DIR / "secret_key", lambda: secrets.token_urlsafe(64))

# --- Applications -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "accounts",  # before what it replaces: `changepassword` and `createsuperuser`
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
    "chatproject.common",
    "conversations",
    "encryption",
    "media",
    "notifications",
    "messaging",
    "chatproject",
]
MIDDLEWARE = [
    "chatproject.common.middleware.ForwardedMiddleware",
    "chatproject.common.middleware.RequestIdMiddleware",
    "chatproject.common.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "chatproject.common.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "chatproject.common.middleware.ConsoleGateMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "chatproject.common.middleware.ProblemMiddleware",
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
            ],
        },
    },
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
# What is translated, in `notifications/locale/`; everything else is English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Database ---------------------------------------------------------------------------------------------------
DATABASES = {
    "default": env.dj_db_url("DATABASE_URL")
    if env.str("DATABASE_URL", "")
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA_DIR / "chat.sqlite3")}
}
DATABASE_IS_POSTGRES = DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"
if not DATABASE_IS_POSTGRES and DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
    raise EnvError("DATABASE_URL must begin with postgres:// or sqlite:///.")
# Threads that serve sockets, per process; with PostgreSQL also (nearly) the number of its connections.
DATABASE_THREADS = env.int("DATABASE_THREADS", 4)
if DATABASE_IS_POSTGRES:
    DATABASES["default"]["ENGINE"] = "chatproject.common.postgres"
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),  # type: ignore[dict-item]
        "pool": {
            "min_size": 1,
            "max_size": DATABASE_THREADS + 8,
            "max_idle": 15,
            "timeout": 5,
            # While PostgreSQL is away the pool's pauses grow, and it came back many seconds after the database. After
            # this many seconds it gives up instead, and begins anew with whoever asks next.
            "reconnect_timeout": 1,
        },
        "connect_timeout": 5,
    }
else:
    close_database(Path(DATABASES["default"]["NAME"]))
    DATABASES["default"]["CONN_MAX_AGE"] = None  # opening it takes as long as a dozen queries
    DATABASES["default"]["OPTIONS"] = {
        # Deferred transactions that read before they write fail at once under load, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an acknowledged message survives a power cut, not only a killed process.
        # Each thread that has read much keeps up to 20 MB of pages, all of them together some 100.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA cache_size=-20000; PRAGMA soft_heap_limit=100000000;"
        ),
    }
    # Tests run writers in threads; a shared in-memory database would lock its tables against them.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

# --- Hearing one another across processes -----------------------------------------------------------------------
CHANNEL_LAYERS = (
    {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": REDIS_PREFIX},
        }
    }
    if REDIS_URL
    else {}
)

# What the outer gate counts by (common/gate.py); nothing else is cached.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
}

# --- Signing in -------------------------------------------------------------------------------------------------
PASSWORD_HASHERS = [
    "accounts.hashers.PasswordHasher",
    "accounts.hashers.OldPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email", "full_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
REQUIRE_EMAIL_VERIFICATION = env.bool("REQUIRE_EMAIL_VERIFICATION", True)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env.float("ACCESS_TOKEN_MINUTES", 15))
REFRESH_TOKEN_LIFETIME = timedelta(days=env.int("REFRESH_TOKEN_DAYS", 30))
ACCOUNT_ERASURE_DELAY = timedelta(days=env.int("ACCOUNT_ERASURE_DAYS", 14))
SOCKET_TOKEN_IN_QUERY = env.bool("SOCKET_TOKEN_IN_QUERY", False)
# Whether the server may make and keep keys for clients that cannot.
MANAGED_KEYS = env.bool("MANAGED_KEYS", True)
LOBBY = env.bool("LOBBY", True)
LOBBY_AUTO_JOIN = env.bool("LOBBY_AUTO_JOIN", True)
# Up to so many members a channel is like a group: who comes and goes is told, and to be in it makes acquainted.
SMALL_CHANNEL_MEMBERS = env.int("SMALL_CHANNEL_MEMBERS", 100)

# --- Limits: `count/period`, several joined by `;` --------------------------------------------------------------
RATE_MESSAGES = env.str("RATE_MESSAGES", "5/5s;30/m")
RATE_EDITS = env.str("RATE_EDITS", "5/5s;30/m")
RATE_REACTIONS = env.str("RATE_REACTIONS", "20/10s;60/m")
RATE_MARKS = env.str("RATE_MARKS", "300/10s;900/m")
# Everything else that somebody changes: conversations they are in, their members, pins, their own settings.
RATE_CHANGES = env.str("RATE_CHANGES", "40/10s;120/m")
RATE_CONVERSATIONS = env.str("RATE_CONVERSATIONS", "20/m;200/d")
RATE_INVITES = env.str("RATE_INVITES", "30/h;100/d")
# People who do not know one: whom somebody adds, invites or writes to first; and by how many of them one is added.
RATE_STRANGERS = env.str("RATE_STRANGERS", "50/h;100/d")
RATE_ADDED = env.str("RATE_ADDED", "20/d")
RATE_REPORTS = env.str("RATE_REPORTS", "20/h;100/d")
RATE_STAFF = env.str("RATE_STAFF", "600/m")
# What one address may do before anybody there has signed in: it may be a school.
RATE_REQUESTS = env.str("RATE_REQUESTS", "300/m;3000/h")
RATE_REQUESTS_USER = env.str("RATE_REQUESTS_USER", "600/m;10000/h")
# Frames of one socket; what it sends beyond is refused, then it is closed.
RATE_FRAMES = env.str("RATE_FRAMES", "200/10s")
RATE_SEARCH = env.str("RATE_SEARCH", "30/m")
RATE_UPLOADS = env.str("RATE_UPLOADS", "60/m;1000/d")
RATE_AVATARS = env.str("RATE_AVATARS", "10/m;60/h")
RATE_FILES = env.str("RATE_FILES", "3000/m;50000/h")
RATE_AUTH = env.str("RATE_AUTH", "10/m;100/h")
RATE_AUTH_ADDRESS = env.str("RATE_AUTH_ADDRESS", "60/m;300/h")
RATE_OTP = env.str("RATE_OTP", "3/15m;10/d")
# Changes of a password or an address, and asking to be deleted.
RATE_ACCOUNT = env.str("RATE_ACCOUNT", "10/h;30/d")
RATE_TICKETS = env.str("RATE_TICKETS", "60/m;1000/h")
RATE_KEY_DEVICES = env.str("RATE_KEY_DEVICES", "20/h;50/d")
RATE_KEY_BACKUP_READS = env.str("RATE_KEY_BACKUP_READS", "20/h;50/d")
RATE_KEY_BACKUP_WRITES = env.str("RATE_KEY_BACKUP_WRITES", "60/h")
# One-time keys that a person gets of one device.
RATE_PREKEYS = env.str("RATE_PREKEYS", "6/10m;30/d")
RATE_MANAGED_KEYS = env.str("RATE_MANAGED_KEYS", "5/h;10/d")
RATE_MANAGED_ENCRYPT = env.str("RATE_MANAGED_ENCRYPT", "120/m")
RATE_MANAGED_DECRYPT = env.str("RATE_MANAGED_DECRYPT", "10/m;100/h")
# Seconds until something is pushed: what is read meanwhile is not. Those who are online have longer to read it there.
PUSH_DELAY_SECONDS = env.float("PUSH_DELAY_SECONDS", 5)
PUSH_ONLINE_SECONDS = env.float("PUSH_ONLINE_SECONDS", 60)
# Whether a push says who wrote what; else it carries ids only.
PUSH_PREVIEWS = env.bool("PUSH_PREVIEWS", False)
# Minutes after which a message is edited no more; 0: always.
EDIT_WINDOW_MINUTES = env.int("EDIT_WINDOW_MINUTES", 0)
MAX_BODY_BYTES = 1024 * 1024
MAX_UPLOAD_MB = env.int("MAX_UPLOAD_MB", 50)
UPLOAD_MB_BY_KIND: dict[str, int] = env.dict("UPLOAD_MB_BY_KIND", {}, subcast_values=int)
UPLOAD_QUOTA_MB = env.int("UPLOAD_QUOTA_MB", 2048)
UPLOAD_TYPES = env.list("UPLOAD_TYPES", ["*"])
MAX_AVATAR_MB = env.int("MAX_AVATAR_MB", 10)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024  # of a body; the rest waits on disk until somebody reads it
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- The outside ------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = as_browsers_write(env.list("CSRF_TRUSTED_ORIGINS", []))
CORS_ALLOWED_ORIGINS = as_browsers_write(env.list("CORS_ORIGINS", []))
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match", "range", "if-range")
# What pages of other origins may read of an answer, besides its body.
CORS_EXPOSE_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Retry-After",
    "X-Request-Id",
)
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", [])
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Strict"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Whether people come by https: then the console's cookies go nowhere else.
TLS = env.bool("TLS", bool(TRUSTED_PROXIES) and any(one.startswith("https://") for one in CSRF_TRUSTED_ORIGINS))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 30 * 24 * 3600 if TLS else 0)
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", TLS)
SECURE_REDIRECT_EXEMPT = ["^health/", "^metrics$"]  # asked from this machine
# What lies below other names of the domain is not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # of those only: common/middleware.py

STATIC_URL = "/static/"
STATICFILES_DIRS = [("js", BASE_DIR / "clients" / "js"), ("web", BASE_DIR / "clients" / "web")]
WHITENOISE_USE_FINDERS = DEBUG

# --- Files ------------------------------------------------------------------------------------------------------
_storage = storage_of(env.str("STORAGE_URL", ""), folder=DATA_DIR / "uploads", is_shared=bool(ACCEL_REDIRECT))
# From where browsers fetch files, if not from here.
STORAGE_ORIGIN = _storage.origin
STORAGES = {
    "default": _storage.backend,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Always on disk: it is a child process that reads them. Beside the uploads: keeping one is then a rename.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_PERMISSIONS = 0o600
try:
    FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    raise EnvError(f"DATA_DIR={DATA_DIR} cannot be written to: {error.strerror}.") from None

# --- Backups ----------------------------------------------------------------------------------------------------
# Seals them; without it there are none. Empty is not made by itself: a key that lies beside what burns saves nothing.
BACKUP_KEY = env.str("BACKUP_KEY", "")
# Where each goes besides DATA_DIR/backups.
BACKUP_URL = env.str("BACKUP_URL", "")
BACKUP_FOLDER = DATA_DIR / "backups"
if BACKUP_URL:
    STORAGES["backups"] = storage_of(BACKUP_URL, folder=BACKUP_FOLDER, setting="BACKUP_URL").backend
BACKUP_EVERY_HOURS = env.int("BACKUP_EVERY_HOURS", 0)
# The newest so many stay, and none that is older than so many days but the newest; 0: however many, however old.
BACKUP_KEEP = env.int("BACKUP_KEEP", 7)
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", 0)
BACKUP_DRILL_EVERY_DAYS = env.int("BACKUP_DRILL_EVERY_DAYS", 7)

# --- Mail -------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <chat@localhost>")
if env.str("EMAIL_URL", ""):
    vars().update(env.dj_email_url("EMAIL_URL"))
    EMAIL_TIMEOUT = 10
else:
    EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

# --- Push -------------------------------------------------------------------------------------------------------
FIREBASE_CREDENTIALS = firebase_credentials(
    env.str("FIREBASE_CREDENTIALS_PATH", ""), env.str("FIREBASE_CREDENTIALS_JSON", "")
)
FCM_URL = env.str("FCM_URL", "https://fcm.googleapis.com").rstrip("/")
# Browsers know this server by it: with another one, nobody's subscription is good any more.
VAPID_PRIVATE_KEY = vapid_key(env.str("VAPID_PRIVATE_KEY", "") or kept(DATA_DIR / "vapid_key", make_vapid_key))
PUSH_TO_LOOPBACK = env.bool("PUSH_TO_LOOPBACK", False)

# --- Metrics ----------------------------------------------------------------------------------------------------
# Who may read /metrics: whoever sends it as a bearer token. Empty: this machine itself.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")

# --- Work in the background -------------------------------------------------------------------------------------
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

# --- The API ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.authentication.RequestThrottle"],
    "DEFAULT_PARSER_CLASSES": ["chatproject.common.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["chatproject.common.api.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "chatproject.common.openapi.Schema",
    "EXCEPTION_HANDLER": "chatproject.common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{SITE_NAME} API",
    "VERSION": VERSION,
    "DESCRIPTION": "Chat over HTTP. The socket's half is described by `/api/asyncapi/`.",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["chatproject.common.openapi.add_wire_components"],
    "TAGS": [
        {"name": name, "description": about}
        for name, about in {
            "auth": "Registering, signing in and staying signed in.",
            "users": "People: oneself, others, and those one blocks.",
            "conversations": "Conversations, their members, messages and logs.",
            "invites": "Links into conversations.",
            "messages": "One message: editing, reactions, threads; search and unread counts.",
            "sync": "A snapshot of everything, and what came since.",
            "media": "Files.",
            "notifications": "Notices, and how one wants to be told.",
            "encryption": "Public keys of devices, backups of keys, and keys kept by the server.",
            "moderation": "What the staff does. Needs a role.",
            "backups": "Backups. Needs a role.",
            "status": "How the installation is. Needs a role.",
        }.items()
    ],
}

# --- The console ------------------------------------------------------------------------------------------------
LOGIN_URL = LOGIN_REDIRECT_URL = "/admin/"
UNFOLD = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("web/icon.svg")}],
    "DASHBOARD_CALLBACK": "chatproject.dashboard.dashboard",
    "SIDEBAR": {"navigation": "chatproject.navigation.navigation"},
}

# --- Logs -------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", "INFO").upper()
LOG_FORMAT = env.str("LOG_FORMAT", "text")
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise EnvError("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
if LOG_FORMAT not in ("text", "json"):
    raise EnvError("LOG_FORMAT must be text or json.")
LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT)
