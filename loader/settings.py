"""Django's settings, all from `server.settings`. The admin site is for the operator's own machine, not for the portal's users.

Sessions of the database become `elasticc_owner`, so that it owns every table whoever the administrator is.
"""

from psycopg2.extensions import parse_dsn
from server.settings import Settings

HOUSE = Settings.from_env()
AS_OWNER = "-c role=elasticc_owner"


def _database(url: str) -> dict[str, object]:
    parts = parse_dsn(url)
    options = f"{parts.pop('options', '')} {AS_OWNER}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {**parts, "options": options},
    }


SECRET_KEY = HOUSE.secret("django_secret")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES = {"default": _database(HOUSE.database_url)} if HOUSE.database_url else {}
INSTALLED_APPS = [
    "loader.admin_site",  # first: its templates are before Django's
    "loader.admin_site.config.LoaderAdminConfig",
    "loader.admin_site.config.AccountsConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "loader.elasticc",
    "loader.tokens",
]
MIDDLEWARE = [
    "loader.admin_site.guard.Guard",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
AUTHENTICATION_BACKENDS = ["loader.admin_site.guard.ThrottledBackend"]
# The portal is on the same host, and cookies know no ports. csrftoken keeps its name: the old scripts look for it.
SESSION_COOKIE_NAME = "loader_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = HOUSE.uploads
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 << 20  # a thousand alerts with their history
ROOT_URLCONF = "loader.urls"
STATIC_URL = "static/"
USE_TZ = True
TIME_ZONE = "UTC"
# The portal verifies the same hashes with datasette-auth-passwords, which knows this one algorithm.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
