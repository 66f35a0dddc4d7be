"""All settings, from environment variables. A bad value stops the start and names its variable."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import dj_database_url
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError, validate

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
# Commands tell the person at the terminal themselves what became of a run; servers and workers write it down.
LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]
AT_TERMINAL = sys.argv[0].endswith("manage.py") and sys.argv[1:2] not in (["qcluster"], ["runserver"])

try:
    DEBUG = env.bool("SYNCADMIN_DEBUG", False)
    DATA_DIR = Path(env.str("SYNCADMIN_DATA_DIR", str(BASE_DIR / "data")))
    SECRET_KEY = env.str("SYNCADMIN_SECRET_KEY", "")
    ENCRYPTION_KEYS: list[str] = env.list("SYNCADMIN_ENCRYPTION_KEYS", [])
    ALLOWED_HOSTS: list[str] = env.list("SYNCADMIN_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    HTTPS = env.bool("SYNCADMIN_HTTPS", False)
    TRUSTED_ORIGINS: list[str] = env.list("SYNCADMIN_TRUSTED_ORIGINS", [])
    WORKERS = env.int("SYNCADMIN_WORKERS", 2)
    SLICE_SECONDS = env.float("SYNCADMIN_SLICE_SECONDS", 60.0)
    STALE_SECONDS = env.float("SYNCADMIN_STALE_SECONDS", 60.0)
    LOG_LEVEL = env.str("SYNCADMIN_LOG_LEVEL", "ERROR" if AT_TERMINAL else "INFO", validate=validate.OneOf(LOG_LEVELS))
    WAKE_SECONDS = env.float("SYNCADMIN_WAKE_SECONDS", 30.0, validate=validate.Range(min=5))
    POLL_SECONDS = {
        "business_central": env.float("SYNCADMIN_POLL_BUSINESS_CENTRAL_SECONDS", 30.0, validate=validate.Range(min=1)),
        "sales": env.float("SYNCADMIN_POLL_SALES_SECONDS", 10.0, validate=validate.Range(min=1)),
    }
    EMAIL_HOST = env.str("SYNCADMIN_EMAIL_HOST", "")
    EMAIL_PORT = env.int("SYNCADMIN_EMAIL_PORT", 587)
    EMAIL_HOST_USER = env.str("SYNCADMIN_EMAIL_USER", "")
    EMAIL_HOST_PASSWORD = env.str("SYNCADMIN_EMAIL_PASSWORD", "")
    EMAIL_SECURITY = env.str("SYNCADMIN_EMAIL_SECURITY", "starttls", validate=validate.OneOf(["starttls", "ssl", "none"]))
    DEFAULT_FROM_EMAIL = env.str("SYNCADMIN_EMAIL_FROM", "sync-admin@localhost")
    LOCAL_NOTICES = env.bool("SYNCADMIN_LOCAL_NOTICES", False)
    METRICS_TOKEN = env.str("SYNCADMIN_METRICS_TOKEN", "")
    LOG_FORMAT = env.str("SYNCADMIN_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
    PUBLIC_URL = env.str("SYNCADMIN_PUBLIC_URL", "").rstrip("/")
    DATABASE_URL = env.str("DATABASE_URL", "")
except EnvError as error:
    raise ImproperlyConfigured(str(error)) from error


def _public_host() -> list[str]:
    """Where the two systems reach this installation to tell of changes; that host is allowed, too."""
    parts = urlsplit(PUBLIC_URL)
    if PUBLIC_URL and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username):
        raise ImproperlyConfigured("SYNCADMIN_PUBLIC_URL: an address such as https://sync.example.com is expected, without query.")
    return [parts.hostname] if parts.hostname else []


ALLOWED_HOSTS += _public_host()


def _kept_secret(name: str, make: bytes) -> str:
    """A secret kept in the data folder (mode 600), so that a fresh installation is safe without any setting.

    Several processes may start at once: the file appears complete or not at all, and the first one's secret stays.
    """
    path = DATA_DIR / name
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=DATA_DIR) as fresh, suppress(FileExistsError):  # created with mode 600
            fresh.write(make)
            fresh.flush()
            path.hardlink_to(fresh.name)
    return path.read_text().strip()


def _secret(name: str) -> str:
    """Under test a key for this process alone, else the kept one."""
    return Fernet.generate_key().decode() if TESTING else _kept_secret(name, Fernet.generate_key())


SECRET_KEY = SECRET_KEY or _secret("secret.key")
ENCRYPTION_KEYS = ENCRYPTION_KEYS or [_secret("encryption.key")]
for _position, _key in enumerate(ENCRYPTION_KEYS, start=1):
    try:
        Fernet(_key)
    except ValueError as error:
        raise ImproperlyConfigured(f"SYNCADMIN_ENCRYPTION_KEYS: key {_position} is no Fernet key (32 bytes, URL-safe base64).") from error


def _database() -> dict[str, object]:
    if not DATABASE_URL:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        return _sqlite(DATA_DIR / "syncadmin.sqlite3")
    try:
        parsed = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL: {error}") from error
    return _sqlite(Path(str(parsed["NAME"]))) if "sqlite" in str(parsed["ENGINE"]) else parsed


def _sqlite(path: Path) -> dict[str, object]:
    """Several processes write one file: WAL, write locks taken when a transaction begins, and patience."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000; PRAGMA cache_size=-32000",
        },
        "TEST": {"NAME": env.str("SYNCADMIN_TEST_SQLITE", str(DATA_DIR / "test.sqlite3"))},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "syncadmin.ui",
    "syncadmin",
    "mappings",
    "joblog",  # before django_q, because its qcluster also keeps the time
    "django_q",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # its random padding keeps tokens from being guessed by size
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "syncadmin.ui.security.RefuseNulMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "syncadmin.ui.sign_in.SignInMiddleware",
    "syncadmin.ui.presentation.PresentationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "syncadmin.ui.security.ContentSecurityPolicyMiddleware",
    "syncadmin.ui.wrong_methods.WrongMethodMiddleware",
]

ROOT_URLCONF = "syncadmin.urls"
WSGI_APPLICATION = "syncadmin.wsgi.application"
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
                "syncadmin.ui.navigation.navigation",
                "syncadmin.ui.presentation.presentation",
                "joblog.context.queue_pause",
            ],
        },
    }
]
DJANGO_TABLES2_TEMPLATE = "tables/list.html"
# Lists that are edited have hundreds of inputs: Jinja writes them several times as fast as the templates of Django.
FORM_RENDERER = "django.forms.renderers.Jinja2"

AUTHENTICATION_BACKENDS = ["syncadmin.ui.sign_in.PersonBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # empty unless somebody runs collectstatic
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step is needed; a manifest is used where one was made

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from beside, not through the proxy
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
CSRF_TRUSTED_ORIGINS = TRUSTED_ORIGINS
X_FRAME_OPTIONS = "DENY"

# A task works for a slice and hands over; the broker redelivers only what a lost worker left, well after that.
Q_CLUSTER = {
    "name": "syncadmin",
    "orm": "default",
    "workers": WORKERS,
    "timeout": int(SLICE_SECONDS) + 240,
    "retry": int(SLICE_SECONDS) + 300,
    "max_attempts": 1,
    "ack_failures": True,
    "scheduler": False,  # joblog/timekeeper.py looks for what is due
    "poll": 0.5,
    "save_limit": 250,
    "queue_limit": 1,  # what waits, waits in the database, where every worker sees it
    "bulk": 1,
    "guard_cycle": 1,
    "label": "Worker queue",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"subject": {"()": "joblog.log_lines.SubjectFilter"}},
    "formatters": {"text": {"()": "joblog.log_lines.TextFormatter"}, "json": {"()": "joblog.log_lines.JsonFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["subject"], "level": LOG_LEVEL},
        "jobs": {"class": "joblog.log_lines.BookHandler", "filters": ["subject"], "level": "INFO"},
    },
    "root": {"handlers": ["console", "jobs"], "level": LOG_LEVEL},
    "loggers": {"urllib3": {"level": "WARNING"}, "django-q": {"level": "WARNING"}}
    # What runs say is kept with their jobs, however little the process itself is to tell.
    | {name: {"level": "DEBUG" if LOG_LEVEL == "DEBUG" else "INFO"} for name in ("joblog", "mappings", "syncadmin")},
}
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "ssl"
EMAIL_TIMEOUT = 10
SILENCED_SYSTEM_CHECKS: list[str] = []
