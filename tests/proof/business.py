"""A firm in which every form sets off everything: points, a stage, a hand-off, a notice, a sequence, mails."""

from __future__ import annotations

from pathlib import Path

from tests.product import Product

# A demo request (40), a VP of marketing (15) and a visit of the prices (10) make these points: the threshold.
POINTS = 65_000_000
IMPORTS = 8
ROWS = 400

_PREPARE = """
import msgspec
import django; django.setup()
from handraiser.blueprints.northlight import install
from handraiser.capture.models import Form
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.nurture.actions import sequences
from handraiser.qualify.actions import rule_sets
at = clock.now()
install.business(at=at)
row = Organisation.get()
row.smtp_host, row.smtp_port, row.smtp_security = "127.0.0.1", {port}, "none"
row.save()
draft = rule_sets.draft_from_live(at=at)
rule_sets.change(draft, msgspec.structs.replace(draft.rules, threshold={points}), at=at)
rule_sets.publish(draft, at=at)
plan = {{
    "trigger": {{"type": "form", "form": "", "intent": "demo"}},
    "exits": ["unsubscribed"],
    "steps": [{{"key": "e1", "kind": "email", "subject": "We call you", "body": "Hi {{{{ first_name|there }}}}"}}],
}}
sequences.publish(sequences.create(name="At once", at=at, plan=plan), at=at, by=None)
print(Form.objects.get(intent="demo").id)
"""
_IMPORT = """
import django; django.setup()
from pathlib import Path
from handraiser.capture.imports import tasks
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.kit import clock
for path in map(Path, {paths!r}):
    with path.open("rb") as opened:
        this = runs.receive(file=opened, name=path.name, kind="leads", at=clock.now(), by="proof")
    runs.choose_columns(this=this, mapping=Mapping.from_dict(this.mapping))
    runs.start(this=this, at=clock.now())
    tasks.run_import.enqueue(this.id)
"""


def prepare(product: Product, *, smtp_port: int) -> str:
    """Make the firm on this data folder; returns the id of its demo form."""
    return product.script(_PREPARE.format(port=smtp_port, points=POINTS)).split()[-1]


def start_imports(product: Product, folder: Path, *, number: int, rows: int, prefix: str) -> set[str]:
    """Hand CSV files to the tasks process; returns the addresses in them."""
    folder.mkdir(exist_ok=True)
    addresses: set[str] = set()
    paths = []
    for file in range(number):
        inside = [f"{prefix}{file}.{row}@halden.example.com" for row in range(rows)]
        path = folder / f"{prefix}{file}.csv"
        path.write_text("\n".join(["email", *inside]) + "\n")
        paths.append(str(path))
        addresses.update(inside)
    product.script(_IMPORT.format(paths=paths))
    return addresses
