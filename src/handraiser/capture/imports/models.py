"""An import of a file, and what became of each of its rows."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.kit import ids


class State(models.TextChoices):
    """Where an import stands."""

    PREVIEWED = "previewed", "Waiting for its columns"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Stopped, can go on"
    DONE = "done", "Done"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    FAILED = "failed", "Failed"


class Import(models.Model):
    """One file on its way in. `rows_done` is the cursor: it moves in the transaction that writes the rows."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "import"))
    kind = models.CharField(max_length=20, help_text="leads, deals or spend")
    file_name = models.CharField(max_length=200, help_text="As the person's machine called it.")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the file.")
    encoding = models.CharField(max_length=16)
    delimiter = models.CharField(max_length=1)
    columns = models.JSONField(default=list)
    mapping = models.JSONField(default=dict, help_text="`rules.mapping.Mapping` as a dict.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PREVIEWED)
    trouble = models.CharField(max_length=400, blank=True, help_text="Why it failed, as a sentence.")
    rows_total = models.IntegerField(default=0)
    rows_done = models.IntegerField(default=0)
    created = models.IntegerField(default=0)
    joined = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    remarks = models.JSONField(default=dict, help_text="Remark -> rows, e.g. won before first contact.")
    removed = models.IntegerField(default=0, help_text="Rows taken back by an undo.")
    kept = models.IntegerField(default=0, help_text="Rows that an undo left: somebody worked with them.")
    by = models.CharField(max_length=120, blank=True)
    uploaded_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True, help_text="Last chunk; an old one means the process died.")
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "imports_import"
        indexes = [
            models.Index(fields=["-uploaded_at"], name="import_newest"),
            models.Index(fields=["state", "moved_at"], name="import_stalled"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def rows_said(self) -> str:
        """How many rows the file has, in words."""
        return "1 row" if self.rows_total == 1 else f"{self.rows_total:,} rows"


class ImportRow(models.Model):
    """What became of one row. `made` names what it created (for undo), `cells` the row if rejected."""

    file = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows")
    number = models.IntegerField(help_text="Data rows, counted from 1.")
    line = models.IntegerField(help_text="Line of the file where the row begins.")
    outcome = models.CharField(max_length=10, help_text="created, joined or rejected")
    refusal = models.CharField(max_length=30, blank=True, help_text="Code of the reason, for counting.")
    reason = models.CharField(max_length=400, blank=True, help_text="The reason as a sentence.")
    made = models.JSONField(default=dict)
    cells = models.JSONField(default=list)

    class Meta:
        db_table = "imports_row"
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="import_row_once")]
        indexes = [models.Index(fields=["file", "outcome", "number"], name="import_row_by_outcome")]

    def __str__(self) -> str:
        return f"row {self.number}: {self.outcome}"
