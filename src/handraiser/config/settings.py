"""The one settings file. What an operator may set is the class `Environment`; the rest follows from it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from handraiser.kit.errors import Misconfigured


class Environment(BaseSettings):
    """Every setting the operator has, read from the environment. An unknown HANDRAISER_* name is an error."""

    model_config = SettingsConfigDict(env_prefix="HANDRAISER_", extra="ignore", env_ignore_empty=True)

    home: Path = Field(Path("var"), description="Folder that holds all data; created with mode 0700.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    host: str = Field("127.0.0.1", description="Address to listen on; demo mode is always loopback.")
    demo: bool = Field(False, description="Demo mode: loopback only, and no mail leaves the machine.")
    debug: bool = Field(False, description="Developer's error pages. Never on a public machine.")
    allowed_hosts: str = Field("", description="Comma-separated host names that the product answers to.")
    base_url: str = Field("", description="Public address, for links in mail. Default: http://127.0.0.1:PORT")
    trusted_proxies: str = Field("", description="Addresses whose X-Forwarded-For is believed; else ignored.")
    outgoing_allow: str = Field(
        "", description="Private hosts that mail and webhooks may reach, e.g. 10.0.0.5"
    )
    test_data: Path | None = Field(None, description="Folder of outside test data; used by tests only.")
    failpoint: str = Field(
        "", description="Place where the process kills itself, name or name:turn; tests only."
    )


def _environment() -> Environment:
    known = {f"HANDRAISER_{name.upper()}" for name in Environment.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith("HANDRAISER_") and name not in known)
    if unknown:
        raise Misconfigured(
            f"Unknown setting {', '.join(unknown)}. The settings are: {', '.join(sorted(known))}."
        )
    try:
        return Environment()  # type: ignore[call-arg]  # the environment names them
    except ValidationError as error:
        problem = error.errors()[0]
        name = f"HANDRAISER_{str(problem['loc'][0]).upper()}"
        raise Misconfigured(f"{name}: {problem['msg']} (it is {problem['input']!r}).") from error


ENV = _environment()
HOME = ENV.home.resolve()


def _prepare_home() -> None:
    HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("files", "media", "run", "static"):
        (HOME / name).mkdir(mode=0o700, exist_ok=True)


def _secret(name: str) -> str:
    """A key kept beside the data, made on first use: it must not lie in the database it protects."""
    path = HOME / name
    if not path.exists():
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text().strip()


_prepare_home()
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = _secret("secret.key")
DEBUG = ENV.debug
DEMO = ENV.demo
BASE_URL = ENV.base_url.rstrip("/") or f"http://127.0.0.1:{ENV.port}"
LOOPBACK = ["127.0.0.1", "localhost", "[::1]", "testserver"]
ALLOWED_HOSTS = LOOPBACK if DEMO else [*LOOPBACK, *filter(None, ENV.allowed_hosts.split(","))]
if not DEMO and (public := urlsplit(BASE_URL).hostname):
    ALLOWED_HOSTS.append(public)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
TRUSTED_PROXIES = [p.strip() for p in ENV.trusted_proxies.split(",") if p.strip()]
OUTGOING_ALLOW = [h.strip() for h in ENV.outgoing_allow.split(",") if h.strip()]

INSTALLED_APPS = [
    "handraiser.website",
    "handraiser.desk",
    "handraiser.measure",
    "handraiser.convert",
    "handraiser.nurture",
    "handraiser.qualify",
    "handraiser.capture",
    "handraiser.capture.imports",
    "handraiser.attract",
    "handraiser.console",
    "handraiser.core.notices",
    "handraiser.core.delivery",
    "handraiser.core.audience",
    "handraiser.core.identity",
    "handraiser.core.consent",
    "handraiser.core.people",
    "handraiser.core.journal",
    "handraiser.core.staff",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
]

MIDDLEWARE = [
    "handraiser.config.middleware.client_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "handraiser.core.staff.zone.reader_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "handraiser.config.middleware.ContentPolicy",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "handraiser.config.middleware.Permissions",
    "handraiser.console.setup.first_run",
    "handraiser.config.middleware.DomainErrors",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "handraiser.config.urls"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "handraiser.console.context.shell",
                "handraiser.website.context.site",
            ],
            "builtins": ["handraiser.console.templatetags.console"],
        },
    }
]

# --- stores -------------------------------------------------------------------------------------------


def _sqlite(name: str, *, synchronous: str) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / name,
        # Opening the file anew for each request, with its pragmas, costs more than most requests.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # DEFERRED transactions that read and then write fail at once under load; IMMEDIATE ones wait.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA secure_delete=ON;"
                # The readers write pages all over their indexes: some of them once instead of at each commit.
                " PRAGMA wal_autocheckpoint=16000; PRAGMA cache_size=-64000;"
                # A statement that writes many rows keeps what it may have to take back: not in a file of its own.
                " PRAGMA temp_store=MEMORY;"
            ),
        },
        "TEST": {"NAME": HOME / f"test-{name}"},
    }


def _postgres(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 600,
        "OPTIONS": {"options": "-c lock_timeout=20s"},
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "")
if DATABASE_URL and not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise Misconfigured("DATABASE_URL must start with postgresql:// (leave it empty for SQLite).")

DATABASES = {
    "default": _postgres(DATABASE_URL) if DATABASE_URL else _sqlite("records.sqlite3", synchronous="FULL"),
    # Sessions, cache, rate limits: losing them costs a login, so they are not synced.
    "cache": _sqlite("cache.sqlite3", synchronous="OFF"),
}
DATABASE_ROUTERS = ["handraiser.config.routers.CacheRouter"]
JOURNAL_PATH = HOME / "journal.sqlite3"
LAKE_ROOT = HOME / "lake"  # sealed days; private, as the journal

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_COOKIE_NAME = "handraiser_session"
SESSION_COOKIE_AGE = 14 * 86400
CSRF_COOKIE_NAME = "handraiser_csrf"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- people who work here -----------------------------------------------------------------------------

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "handraiser.core.staff.accounts.StaffAccounts"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login_failed": False}  # django-axes locks out; one mechanism is enough.
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Handraiser"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "handraiser.core.staff.accounts.typed_address"
AXES_LOCKOUT_TEMPLATE = "staff/locked.html"
AXES_CLIENT_IP_CALLABLE = "handraiser.config.middleware.axes_address"
AXES_RESET_ON_SUCCESS = True

# --- web ----------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATICFILES_DIRS = [("tracker", BASE_DIR / "attract" / "tracker")]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
MEDIA_URL = "/media/"
MEDIA_ROOT = HOME / "media"  # pictures of public pages
PRIVATE_ROOT = HOME / "files"  # gated files, uploads, exports: never served by path
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
_TLS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/content/",),  # Wagtail's own editor needs inline scripts.
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    },
}

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- mail ---------------------------------------------------------------------------------------------

EMAIL_BACKEND = "handraiser.core.delivery.django_mail.LedgerBackend"
DEFAULT_FROM_EMAIL = "handraiser@example.com"

# --- Wagtail ------------------------------------------------------------------------------------------

WAGTAIL_SITE_NAME = "Handraiser"
WAGTAILADMIN_BASE_URL = BASE_URL
WAGTAILADMIN_LOGIN_URL = "account_login"
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAILIMAGES_IMAGE_MODEL = "website.SitePicture"
WAGTAILDOCS_DOCUMENT_MODEL = "website.SiteDocument"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp", "svg"]
WAGTAIL_GRAVATAR_PROVIDER_URL = None  # no request to any outside host
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAILEMBEDS_FINDERS: list[object] = []
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAILADMIN_RICH_TEXT_EDITORS = {
    "default": {
        "WIDGET": "wagtail.admin.rich_text.DraftailRichTextArea",
        "OPTIONS": {"features": ["h2", "h3", "bold", "italic", "ol", "ul", "link", "hr"]},
    }
}
TAGGIT_CASE_INSENSITIVE = True
SILENCED_SYSTEM_CHECKS = ["wagtailadmin.W003"]

# --- logs: structured, without personal data ----------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "handraiser.config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "handraiser": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        "axes": {"level": "ERROR"},
    },
}


def NAVIGATION() -> list[list[Any]]:
    """The side's entries; a function, because wiring needs the apps to be loaded."""
    from handraiser.config import wiring

    return wiring.NAVIGATION


def FINDERS() -> list[Any]:
    """What the command palette looks through."""
    from handraiser.config import wiring

    return wiring.FINDERS


def IMPORT_KINDS() -> list[Any]:
    """What can be imported; a function for the same reason."""
    from handraiser.config import wiring

    return wiring.IMPORT_KINDS


def AFTER_SETUP() -> list[Any]:
    """What an organisation gets once it has said its name."""
    from handraiser.config import wiring

    return wiring.AFTER_SETUP


def ONWARD() -> Any:
    """Says a newcomer's next step."""
    from handraiser.config import wiring

    return wiring.ONWARD


def READERS() -> list[Any]:
    """Who takes the journal further, for its health screen."""
    from handraiser.config import wiring

    return wiring.READERS


def PROVIDERS() -> dict[str, Any]:
    """Who can be asked about a domain or an address, by kind."""
    from handraiser.config import wiring

    return wiring.PROVIDERS


def ADDRESS_LISTS() -> dict[str, Any]:
    """Lists of addresses that conditions may ask for, by key."""
    from handraiser.config import wiring

    return wiring.ADDRESS_LISTS


def ON_MERGE() -> list[Any]:
    """What a merge of two people does to every table that points to them."""
    from handraiser.config import wiring

    return wiring.ON_MERGE
