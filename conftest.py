"""What every test may use: the cast of the demo firm, the journal, and a loop that can be turned by hand."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

if "HANDRAISER_HOME" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["HANDRAISER_HOME"] = tempfile.mkdtemp(prefix="handraiser-test-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handraiser.config.settings")
# Playwright keeps an event loop in this thread; the tests beside it are no async code all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
# Several test processes share the cores: with a thread for each core LightGBM's would wait busily for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import pytest

# The runs on both databases share the cores: how long an example took says nothing of the code.
hypothesis.settings.register_profile(
    "shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared")
sys.dont_write_bytecode = False  # uncompiled, every run would parse Wagtail anew


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, request):
    """Records copied from a migrated template; the journal is a file, or a schema, of its own."""
    from django.conf import settings

    from handraiser.core.journal import live
    from tests import databases

    settings.JOURNAL_PATH = Path(settings.HOME) / f"journal-test-{os.getpid()}.sqlite3"
    settings.LAKE_ROOT = Path(settings.HOME) / f"lake-test-{os.getpid()}"
    with django_db_blocker.unblock():
        copy = databases.copy()
        copy.restore()
        request.config.handraiser_copy = copy
        yield
        live.close()
        copy.remove()


def pytest_addoption(parser):
    parser.addoption(
        "--database-tests",
        action="store_true",
        help="leave out tests that know no database, and say how many",
    )


def pytest_runtest_setup(item):
    """After a test that really committed, the next one gets fresh records."""
    copy = getattr(item.config, "handraiser_copy", None)
    if copy is not None and getattr(item.config, "handraiser_dirty", False):
        from pytest_django.plugin import blocking_manager_key

        with item.config.stash[blocking_manager_key].unblock():
            copy.restore()
        item.config.handraiser_dirty = False


@pytest.fixture(autouse=True)
def _settings_of_tests(settings):
    settings.WHITENOISE_AUTOREFRESH = True  # every new client would look up all static files first
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _fresh_journal(request):
    """A test that uses the database starts with an empty journal, lake and cache."""
    if not {"db", "transactional_db", "client", "django_db_setup"} & set(request.fixturenames) and not (
        request.node.get_closest_marker("django_db")
    ):
        yield
        return
    marker = request.node.get_closest_marker("django_db")
    committing = "transactional_db" in request.fixturenames or bool(
        marker and marker.kwargs.get("transaction")
    )
    request.getfixturevalue("transactional_db" if committing else "db")
    request.config.handraiser_dirty = committing
    from django.conf import settings
    from django.core.cache import cache

    from handraiser.core.journal.live import close, journal

    journal().clear()
    shutil.rmtree(settings.LAKE_ROOT, ignore_errors=True)
    cache.clear()
    yield
    close()


# Long files, the longest first: what begins last, one worker would do alone.
_LONG = (
    "tests/journeys/test_accessible",
    "tests/",
    "qualify/prediction/tests/test_outside_data",
    "config/tests/test_backup",
    "blueprints/",
    "website/tests/",
    "capture/imports/tests/test_runs",
    "capture/tests/test_browser",
    "convert/tests/test_browser",
    "core/journal/lake/",
    "core/identity/tests/test_merges",
    "qualify/prediction/",
    "core/audience/tests/test_truth",
    "core/delivery/tests/test_sending",
    "qualify/tests/test_replays",
    "core/journal/tests/",
    "collector/",
)


def _place(item):
    """Where an item's file stands among the long ones; behind them if it is not long."""
    path = item.path.relative_to(item.config.rootpath).as_posix().removeprefix("src/handraiser/")
    return next((place for place, part in enumerate(_LONG) if path.startswith(part)), len(_LONG))


# Words of test files that open a database or start a process by themselves.
_BY_ITSELF = re.compile(
    r"subprocess|multiprocessing|open_store|psycopg|DATABASE_URL|from tests|import tests|vendor"
)


@cache
def _opens_by_itself(path):
    return bool(_BY_ITSELF.search(path.read_text()))


def _knows_no_database(item):
    """True for a test that says the same with any database: it asks for none and cannot open one unseen.

    Django's connections are locked for it, and nothing in its file starts a process or opens a store of its own.
    """
    asked = {"db", "transactional_db", "client", "django_db_setup"} & set(item.fixturenames)
    return not (asked or item.get_closest_marker("django_db") or _opens_by_itself(item.path))


def pytest_collection_modifyitems(config, items):
    """Leave the long runs to `make proof`; let every database test use both SQLite files; long files first.

    With --database-tests, for a second run on another database, those that know none are left out;
    on PostgreSQL always those about SQLite alone.
    """
    if "proof" not in config.getoption("-m"):
        long_runs = [item for item in items if item.get_closest_marker("proof")]
        config.hook.pytest_deselected(items=long_runs)
        items[:] = [item for item in items if item not in long_runs]
    if os.environ.get("DATABASE_URL"):
        of_sqlite = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=of_sqlite)
        items[:] = [item for item in items if item not in of_sqlite]
    if config.getoption("--database-tests"):
        elsewhere = {item for item in items if _knows_no_database(item)}
        config.hook.pytest_deselected(items=list(elsewhere))
        items[:] = [item for item in items if item not in elsewhere]
        _note_elsewhere(config, len(elsewhere))
    sizes = Counter(item.path for item in items)
    # Tests of a file keep their order.
    items.sort(key=lambda item: (_place(item), -sizes[item.path], item.path))
    for item in items:
        marker = item.get_closest_marker("django_db")
        uses_db = {"db", "transactional_db", "client"} & set(getattr(item, "fixturenames", ()))
        if uses_db or marker:
            transaction = "transactional_db" in item.fixturenames or bool(
                marker and marker.kwargs.get("transaction")
            )
            item.add_marker(
                pytest.mark.django_db(transaction=transaction, databases=["default", "cache"]), append=False
            )


def _note_elsewhere(config, count):
    config.handraiser_elsewhere = count
    if hasattr(config, "workeroutput"):
        config.workeroutput["elsewhere"] = count


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """A worker of xdist tells what it left out."""
    node.config.handraiser_elsewhere = getattr(node, "workeroutput", {}).get("elsewhere", 0)


def pytest_terminal_summary(terminalreporter, config):
    """Name how many were left out with --database-tests."""
    if count := getattr(config, "handraiser_elsewhere", 0):
        terminalreporter.write_line(f"{count} tests that know no database were left to the other run.")


def pytest_sessionfinish(session):
    """Where main is judged, a skipped test has proved nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("A test was skipped; here that fails.", red=True)


@pytest.fixture
def settle(db):
    """Turn the loop until it rests: `settle()` now, `settle(at=moment)` at another time."""
    from handraiser.config import wiring
    from handraiser.core.journal import loop

    def run(at=None):
        loop.settle(wiring.READERS, wiring.SWEEPS, at=at)

    return run


@pytest.fixture
def organisation(db):
    """Northlight, ready to send."""
    from django.utils import timezone

    from handraiser.core.staff.models import Organisation

    row = Organisation.get()
    row.name, row.currency, row.time_zone, row.country = "Northlight", "GBP", "Europe/London", "GB"
    row.postal_address = "Northlight, 1 Example Street, London"
    row.sender_name, row.sender_email = "Northlight", "hello@northlight.example.com"
    row.set_up_at = timezone.now()
    row.save()
    return row


def _member(email: str, name: str, role: str, **fields):
    from handraiser.core.staff.models import User

    return User.objects.create_user(email, "correct horse battery", name=name, role=role, **fields)


@pytest.fixture
def mira(organisation):
    """The owner."""
    return _member("mira@northlight.example.com", "Mira Voss", "owner", takes_leads=False)


@pytest.fixture
def dana(organisation):
    """A sales rep."""
    return _member("dana@northlight.example.com", "Dana Okafor", "rep")


@pytest.fixture
def ben(organisation):
    """Another sales rep."""
    return _member("ben@northlight.example.com", "Ben Aldous", "rep")


@pytest.fixture
def marketer(organisation):
    """Who writes pages and sequences."""
    return _member("noor@northlight.example.com", "Noor Haddad", "marketer", takes_leads=False)


@pytest.fixture
def analyst(organisation):
    """Who reads everything and changes nothing."""
    return _member("tove@northlight.example.com", "Tove Lind", "analyst", takes_leads=False)


@pytest.fixture
def login():
    """A client in which somebody is signed in: `login(dana).get("/admin/")`."""
    from django.test import Client

    def sign_in(user):
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture(scope="session")
def outside_data() -> Path:
    """The folder of data and oracles that nobody here wrote."""
    place = os.environ.get("HANDRAISER_TEST_DATA")
    if not place:
        pytest.skip("HANDRAISER_TEST_DATA is not set")
    return Path(place)
