"""The `handraiser` command. Each verb imports what it needs, so that `--help` is quick."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from handraiser.kit.errors import DomainError, Misconfigured

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Turn strangers into customers.")
keys = typer.Typer(no_args_is_help=True, help="API keys for programs.")
app.add_typer(keys, name="keys")
journal = typer.Typer(help="What is in the journal, and how far its readers are.")
app.add_typer(journal, name="journal")
imports = typer.Typer(no_args_is_help=True, help="Bring in what you have.")
app.add_typer(imports, name="import")
duplicates = typer.Typer(no_args_is_help=True, help="People who are there twice.")
app.add_typer(duplicates, name="duplicates")
model = typer.Typer(no_args_is_help=True, help="A score learned from your own outcomes; on any table.")
app.add_typer(model, name="model")
rules = typer.Typer(no_args_is_help=True, help="Rule sets as files.")
app.add_typer(rules, name="rules")


def load_django() -> None:
    """Load the product into a process that stays for long."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "handraiser.config.settings")
    import django

    # What is loaded now stays for good: looking through it for garbage costs a fifth of the start.
    gc.disable()
    django.setup()
    gc.freeze()
    gc.enable()
    # A request leaves some thousands of objects behind, nearly none of them in rings: look less often.
    gc.set_threshold(50_000, 20, 50)


def _leave(code: int = 0) -> NoReturn:
    """End this process at once.

    An interpreter that ends by itself first takes all of Django apart: 0.7 s, many times that on a busy
    machine, and what is written is on disk already.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@app.command()
def migrate() -> None:
    """Prepare an empty data folder, or bring an older one up to date."""
    load_django()
    from handraiser.config import stores

    stores.prepare()
    stores.close()  # what is in the files' logs moves into the files, so that each can be copied alone
    typer.echo("The data folder is ready.")


@app.command()
def up(demo: bool = typer.Option(False, "--demo", help="With a small demo business; loopback only.")) -> None:
    """Start everything: web, loop and tasks."""
    if demo:
        os.environ["HANDRAISER_DEMO"] = "1"
    load_django()
    from django.conf import settings

    from handraiser.config import processes, stores
    from handraiser.config.settings import ENV
    from handraiser.core.journal import sharing

    sharing.refuse_a_second()  # before anything is changed beside the one that runs
    stores.prepare()
    if demo:
        _make_demo()
    login = stores.first_login(demo=demo)
    typer.echo(f"\n  Handraiser   http://127.0.0.1:{ENV.port}/")
    typer.echo(f"  Back office  http://127.0.0.1:{ENV.port}/admin/")
    if login:
        typer.echo(f"  Sign in      {login[0]}   {login[1]}")
    typer.echo(f"  Data         {settings.HOME}")
    typer.echo("  Stop with Ctrl-C.\n")
    stores.close()
    sys.stdout.flush()
    # Waiting needs nothing of what preparing needed: 100 MB less for as long as it runs.
    os.execv(sys.executable, [sys.executable, "-m", processes.__name__, "web", "loop", "tasks"])


def _make_demo() -> None:
    from handraiser.config import stores

    shown = -1

    def told(share: float) -> None:
        nonlocal shown
        if int(share * 20) > shown:
            shown = int(share * 20)
            typer.echo(f"\r  Making the demo firm: thirteen weeks of visitors, {share:4.0%}", nl=False)

    if stores.install_demo(told):
        typer.echo("")


@app.command()
def web() -> None:
    """The listening process alone."""
    load_django()
    from handraiser.config import serving
    from handraiser.config.settings import DEMO, ENV

    serving.serve("handraiser.config.asgi:application", host="127.0.0.1" if DEMO else ENV.host, port=ENV.port)
    _leave()


@app.command()
def collector() -> None:
    """The door for events alone: it stays quick beside busy pages. Send it /e, /v1 and /api/s."""
    gc.set_threshold(50_000, 20, 50)  # a batch leaves thousands of objects behind, none of them in rings
    from handraiser.config import processes, serving
    from handraiser.config.collector import Alone
    from handraiser.config.settings import DEMO, ENV

    processes.short_turns()
    serving.serve(Alone(), host="127.0.0.1" if DEMO else ENV.host, port=ENV.port)
    _leave()


@app.command()
def loop() -> None:
    """Relay, readers and due rows."""
    load_django()
    from handraiser.config import processes, wiring
    from handraiser.core.journal import loop as journal_loop

    processes.short_turns()  # while it writes, the door waits
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    journal_loop.run(wiring.READERS, wiring.SWEEPS, stop=stop)
    _leave()


@app.command()
def tasks() -> None:
    """Imports, exports and other long work."""
    load_django()
    from django.core.management import call_command

    try:
        call_command("db_worker", interval=0.5, reload=False, startup_delay=False, verbosity=0)
    except SystemExit as ended:  # how it answers a signal
        _leave(1 if ended.code else 0)
    _leave()


def _import_verb(kind: str, what: str) -> None:
    def verb(
        file: Annotated[Path, typer.Argument(help="The CSV file.")],
        map_file: Annotated[
            Path | None, typer.Option("--map", help="TOML file: which column holds what.")
        ] = None,
        dry_run: bool = typer.Option(False, "--dry-run", help="Say what would happen; write nothing."),
    ) -> None:
        load_django()
        from handraiser.capture.imports import commands

        commands.bring_in(kind=kind, file=file, map_file=map_file, dry_run=dry_run, say=typer.echo)

    imports.command(kind, help=what)(verb)


_import_verb("leads", "People and their leads.")
_import_verb("deals", "Deals that were won elsewhere.")
_import_verb("spend", "What campaigns cost.")


@imports.command("undo")
def import_undo(import_id: str = typer.Argument(..., help="As the import printed it.")) -> None:
    """Take back what an import made, unless somebody worked with it since."""
    load_django()
    from handraiser.capture.imports import commands

    commands.take_back(import_id=import_id, say=typer.echo)


@rules.command("export")
def rules_export(
    number: Annotated[int | None, typer.Argument(help="Of which rule set; else the live one.")] = None,
    file: Annotated[Path | None, typer.Option("--to", help="A TOML file; else it is printed.")] = None,
) -> None:
    """Write a rule set as TOML."""
    load_django()
    from handraiser.qualify import commands

    commands.write_out(number=number, file=file, say=typer.echo)


@rules.command("import")
def rules_import(
    file: Annotated[Path, typer.Argument(help="A TOML file, as `handraiser rules export` writes it.")],
    replace: Annotated[bool, typer.Option("--replace", help="Even if a draft holds other changes.")] = False,
) -> None:
    """Make a draft of a TOML file. It gives points only when somebody publishes it."""
    load_django()
    from handraiser.qualify import commands

    if not commands.bring_in(file=file, replace=replace, say=typer.echo):
        raise typer.Exit(1)


@duplicates.command("find")
def duplicates_find(
    file: Annotated[Path | None, typer.Option("--csv", help="A CSV file; else the people here.")] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="TOML file: which column has which role; else guessed.")
    ] = None,
    key: Annotated[str, typer.Option("--id", help="Column that names a record; it is not compared.")] = "",
    at_least: Annotated[float, typer.Option(help="How probable a pair must be.")] = 0.5,
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Find records that are probably one person. A file is only read; people here get pairs to review."""
    load_django()
    from handraiser.core.identity import commands

    if file is None:
        commands.find_here(say=typer.echo)
        return
    commands.find_in_file(
        file=file, map_file=map_file, key=key, at_least=at_least, as_json=as_json, say=typer.echo
    )


@duplicates.command("merge")
def duplicates_merge(keep: str, gone: str) -> None:
    """Make one person of two, by their ids. The merge's id is printed."""
    load_django()
    from handraiser.core.identity import commands

    commands.merge(keep=keep, gone=gone, say=typer.echo)


@duplicates.command("unmerge")
def duplicates_unmerge(merge_id: str) -> None:
    """Make two people of one again, by the id of the merge."""
    load_django()
    from handraiser.core.identity import commands

    commands.unmerge(merge_id=merge_id, say=typer.echo)


_TABLE = typer.Option("--table", help="A CSV file with a line of names.")
_LABEL = typer.Option("--label", help="Column with the outcome: yes or no, or the day on which it happened.")
_POSITIVE = typer.Option("--positive", help="The value of the label that means yes, where that is not plain.")


@model.command("train")
def model_train(
    file: Annotated[Path, _TABLE],
    label: Annotated[str, _LABEL],
    time: Annotated[str, typer.Option(help="Column with a date or number that orders the rows.")] = "",
    label_window: Annotated[
        float | None, typer.Option(help="Days within which it counts; younger rows are left out.")
    ] = None,
    as_of: Annotated[
        str, typer.Option(help="Until when outcomes were watched; else the table's latest time.")
    ] = "",
    positive: Annotated[str, _POSITIVE] = "",
    report: Annotated[Path | None, typer.Option("--json", help="Where to write the report.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Where to write the model (.json), its card beside it.")
    ] = None,
) -> None:
    """Learn who converts, refuse columns that know it already, and say honestly how good that is."""
    from handraiser.qualify.prediction import libraries

    libraries.require()
    from handraiser.qualify.prediction import commands

    commands.train(
        file=file,
        label=label,
        time=time,
        window=label_window,
        as_of=as_of,
        positive=positive,
        report_file=report,
        save=save,
        say=typer.echo,
    )


@model.command("backtest", context_settings={"allow_extra_args": True})
def model_backtest(
    context: typer.Context,
    file: Annotated[Path, _TABLE],
    label: Annotated[str, _LABEL],
    time: Annotated[str, typer.Option(help="Column with a date or number that orders the rows.")],
    block: Annotated[
        int, typer.Option(help="Rows that are scored before the model is trained again.")
    ] = 2000,
    start: Annotated[int, typer.Option("--from", help="Rows that are known when it begins.")] = 20_000,
    positive: Annotated[str, _POSITIVE] = "",
    as_json: bool = typer.Option(False, "--json", help="As JSON: into the file named last, else printed."),
) -> None:
    """Play the past forward, with retraining and without."""
    from handraiser.qualify.prediction import libraries

    libraries.require()
    from handraiser.qualify.prediction import commands

    if len(context.args) > 1 or (context.args and not as_json):
        raise DomainError(
            "arguments", f"What is {' '.join(context.args)}? A file may follow --json, nothing else."
        )
    commands.play_forward(
        file=file,
        label=label,
        time=time,
        positive=positive,
        block=block,
        start=start,
        as_json=as_json,
        target=Path(context.args[0]) if context.args else None,
        say=typer.echo,
    )


@model.command("score")
def model_score(
    model_file: Annotated[Path, typer.Option("--model", help="A file that `handraiser model train` wrote.")],
    file: Annotated[Path, _TABLE],
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """The probability of each row of a table, and which columns say so."""
    from handraiser.qualify.prediction import libraries

    libraries.require()
    from handraiser.qualify.prediction import commands

    commands.score(model=model_file, file=file, as_json=as_json, say=typer.echo)


@app.command()
def kpi(
    start: str = typer.Option(..., "--from", help="First day, like 2026-01-01."),
    end: str = typer.Option(..., "--to", help="The day after the last one."),
    by: str = typer.Option("source", help="source, channel, campaign or landing_page"),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """What became of the leads of a period."""
    load_django()
    from handraiser.measure import commands

    commands.kpi(start=start, end=end, by=by, as_json=as_json, say=typer.echo)


@keys.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Where it is used.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat for more. * is everything.")],
    public: Annotated[bool, typer.Option("--public", help="It will stand in web pages.")] = False,
) -> None:
    """Make a key. The last line is the key alone; it cannot be shown again."""
    load_django()
    from handraiser.core.staff.actions import keys as actions
    from handraiser.core.staff.api_auth import SCOPES
    from handraiser.kit import clock

    if unknown := sorted(set(scope) - SCOPES.keys() - {"*"}):
        raise DomainError(
            "no_scope", f"Unknown scope {', '.join(unknown)}. The scopes are: {', '.join(SCOPES)}, *."
        )
    key, secret = actions.create(name=name, scopes=scope, public=public, at=clock.now())
    typer.echo(f"{key.id}  {key.name}  may {', '.join(key.scopes)}")
    typer.echo(secret)


@keys.command("list")
def keys_list() -> None:
    """All keys: id, beginning, scopes, state, name."""
    load_django()
    from handraiser.core.staff.models import ApiKey

    for key in ApiKey.objects.order_by("created_at"):
        state = "revoked" if key.revoked_at else "in force"
        typer.echo(f"{key.id}  {key.prefix}…  {state}  {','.join(key.scopes)}  {key.name}")


@keys.command("revoke")
def keys_revoke(key_id: str) -> None:
    """End a key at once."""
    load_django()
    from handraiser.core.staff.actions import keys as actions
    from handraiser.core.staff.models import ApiKey
    from handraiser.kit import clock

    key = ApiKey.objects.filter(id=key_id).first()
    if key is None:
        raise DomainError("no_key", f"There is no key {key_id}. See: handraiser keys list", kind="missing")
    actions.revoke(key=key, at=clock.now())
    typer.echo(f"{key.name} no longer opens anything.")


@journal.callback(invoke_without_command=True)
def journal_shown(context: typer.Context) -> None:
    """Sizes, readers and how far they are behind, what is parked."""
    if context.invoked_subcommand is None:
        load_django()
        from handraiser.core.journal import commands

        commands.show(say=typer.echo)


@journal.command("count")
def journal_count(
    event: Annotated[
        str | None, typer.Option(help="Name of a fact or of a tracked event; all if left out.")
    ] = None,
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """How many events are stored, sealed ones included, how many distinct, how many dropped and why."""
    load_django()
    from handraiser.core.journal import commands

    commands.count(event=event, as_json=as_json, say=typer.echo)


@journal.command("replay")
def journal_replay(
    reader: str,
    dry_run: bool = typer.Option(False, "--dry-run", help="Beside the tables; nothing is written."),
) -> None:
    """Read everything again from the first event and say where the reader's tables would differ."""
    load_django()
    from handraiser.core.journal import commands

    raise typer.Exit(0 if commands.play_again(reader=reader, dry_run=dry_run, say=typer.echo) else 1)


@app.command()
def seal() -> None:
    """Put the days that are over into the lake, now instead of tonight."""
    load_django()
    from handraiser.core.journal import commands

    commands.seal(say=typer.echo)


@app.command()
def doctor(as_json: bool = typer.Option(False, "--json", help="One JSON object.")) -> None:
    """Say what is wrong and how to mend it. Ends with 0 when all is well, with 1 when there is something to do."""
    load_django()
    from handraiser.config import checks

    findings = checks.run()
    well = all(finding.ok for finding in findings)
    if as_json:
        told = [{"what": f.what, "ok": f.ok, "mend": "" if f.ok else f.mend} for f in findings]
        typer.echo(json.dumps({"ok": well, "findings": told}))
    else:
        for f in findings:
            typer.echo(f"{'ok  ' if f.ok else 'BAD '} {f.what}{'' if f.ok else ': ' + f.mend}")
    raise typer.Exit(0 if well else 1)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write (.tar, or .tar.gz), or a folder for it.")],
) -> None:
    """Put everything into one file, while the product runs. It holds personal data and the key: keep it safe."""
    load_django()
    from handraiser.config import backup as backups
    from handraiser.kit import clock

    taken = backups.take(target.absolute(), at=clock.now())
    typer.echo(f"{taken.path}  {taken.bytes / 1e6:.1f} MB, {taken.files} files, journal up to {taken.head}")


@app.command()
def restore(archive: Annotated[Path, typer.Argument(help="A file that `handraiser backup` wrote.")]) -> None:
    """Put a backup into an empty HANDRAISER_HOME. Mail is paused until you resume it in the outbox."""
    load_django()
    from handraiser.config import restore as restores

    done = restores.put_back(archive.absolute())
    typer.echo(f"The data folder is that of {done.made_at} (version {done.version}, {done.files} files).")
    typer.echo(
        f"Mail is paused: {done.waiting} messages waited then and may have been sent since."
        " Look at /admin/nurture/outbox/, then resume."
    )


@app.command()
def upgrade(
    backup_to: Annotated[
        Path | None,
        typer.Option("--backup", help="File or folder for the backup; else HANDRAISER_HOME/backups."),
    ] = None,
) -> None:
    """Back up, then bring the data folder to this version. Stop the product first."""
    load_django()
    from handraiser.config import upgrade as upgrades
    from handraiser.kit import clock

    upgrades.run(backup_to=backup_to.absolute() if backup_to else None, at=clock.now(), say=typer.echo)


@app.command()
def rederive() -> None:
    """Ask today's channel rules again about visits that older ones answered. Safe to repeat, at any time."""
    load_django()
    from handraiser.attract.actions import touches
    from handraiser.attract.rules.channels import RULE_VERSION

    done = touches.Rederived(0, 0)
    for done in touches.rederive():
        typer.echo(f"\r  {done.asked:,} visits asked again", nl=False)
    typer.echo(f"\r{done.asked:,} visits follow version {RULE_VERSION} now; {done.changed:,} say otherwise.")


def main() -> None:
    """Run the command; a problem that we understand is one sentence, not a traceback."""
    try:
        app()
    except (Misconfigured, DomainError) as error:
        sys.stderr.write(f"handraiser: {error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
