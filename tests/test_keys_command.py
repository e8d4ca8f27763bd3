"""`handraiser keys`: what scripts rely on."""

from __future__ import annotations

from typer.testing import CliRunner

from handraiser.cli import app
from handraiser.core.staff.actions import keys
from handraiser.kit import clock


def test_the_command_prints_the_key_alone_on_its_last_line(db):
    run = CliRunner().invoke
    made = run(app, ["keys", "create", "--scope", "collect", "--name", "Website"])
    secret = made.output.splitlines()[-1]
    key = keys.verify(secret=secret, scope="collect", at=clock.now())
    assert key is not None
    assert key.id in run(app, ["keys", "list"]).output
    run(app, ["keys", "revoke", key.id])
    assert keys.verify(secret=secret, scope="collect", at=clock.now()) is None
    assert run(app, ["keys", "create", "--scope", "all", "--name", "Website"]).exit_code != 0
