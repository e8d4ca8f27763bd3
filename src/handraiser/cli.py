"""The `handraiser` command. Each verb imports what it needs, so that `--help` is quick."""

from __future__ import annotations

import os
import signal
import sys
import threading

import typer

from handraiser.kit.errors import DomainError, Misconfigured

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Turn strangers into customers.")
keys = typer.Typer(no_args_is_help=True, help="API keys for programs.")
app.add_typer(keys, name="keys")
imports = typer.Typer(no_args_is_help=True, help="Bring in what you have.")
app.add_typer(imports, name="import")


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handraiser.config.settings")
    import django

    django.setup()


@app.command()
def migrate() -> None:
    """Prepare an empty data folder, or bring an older one up to date."""
    _django()
    from handraiser.config import stores

    stores.prepare()
    typer.echo("The data folder is ready.")


@app.command()
def up(demo: bool = typer.Option(False, "--demo", help="With a small demo business; loopback only.")) -> None:
    """Start everything: web, loop and tasks."""
    if demo:
        os.environ["HANDRAISER_DEMO"] = "1"
    _django()
    from django.conf import settings

    from handraiser.config import processes, stores
    from handraiser.config.settings import ENV

    stores.prepare()
    login = stores.first_login(demo=demo)
    typer.echo(f"\n  Handraiser   http://127.0.0.1:{ENV.port}/")
    typer.echo(f"  Back office  http://127.0.0.1:{ENV.port}/admin/")
    if login:
        typer.echo(f"  Sign in      {login[0]}   {login[1]}")
    typer.echo(f"  Data         {settings.HOME}")
    typer.echo("  Stop with Ctrl-C.\n")
    raise typer.Exit(processes.run_together(["web", "loop", "tasks"]))


@app.command()
def web() -> None:
    """The listening process alone."""
    import uvicorn

    _django()
    from django.conf import settings

    from handraiser.config.settings import ENV

    uvicorn.run(
        "handraiser.config.asgi:application",
        host="127.0.0.1" if settings.DEMO else ENV.host,
        port=ENV.port,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        lifespan="on",
    )


@app.command()
def loop() -> None:
    """Relay, readers and due rows."""
    _django()
    from handraiser.config import wiring
    from handraiser.core.journal import loop as journal_loop

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    journal_loop.run(wiring.READERS, wiring.SWEEPS, stop=stop)


@app.command()
def tasks() -> None:
    """Imports, exports and other long work."""
    _django()
    from django.core.management import call_command

    call_command("db_worker", interval=0.5, reload=False, startup_delay=False, verbosity=0)


@app.command()
def doctor() -> None:
    """Say what is misconfigured, and how to mend it."""
    _django()
    from handraiser.config import checks

    findings = checks.run()
    for finding in findings:
        typer.echo(
            f"{'ok  ' if finding.ok else 'BAD '} {finding.what}{'' if finding.ok else ': ' + finding.mend}"
        )
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def main() -> None:
    """Run the command; a problem that we understand is one sentence, not a traceback."""
    try:
        app()
    except (Misconfigured, DomainError) as error:
        sys.stderr.write(f"handraiser: {error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
