"""What keeps a journal small and tells the lake's files from the tail; the same SQL for both homes.

`sealed` is the manifest: one row a day, and a change of it is the one moment at which events move from the tail to
the lake. Nothing else decides where an event is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from handraiser.core.journal.store.rows import CHUNK, COLUMNS, Row, Sealed, Snapshot, line

# In the tail: what no file of the manifest holds, and nobody asked to forget.
_LIVE = """
    from {s}event e left join {s}sealed s on s.day = e.day
    where (s.day is null or e.position > s.through)
    and not exists (select 1 from {s}forgotten f where f.subject = e.visitor and e.position <= f.through)
    and not exists (select 1 from {s}forgotten f where f.subject = e.person and e.position <= f.through)
"""
_EVERY = tuple(COLUMNS.split(", "))
_PAGE = 10_000


class ManifestMoved(Exception):
    """Somebody else sealed these days in the meantime; nothing was changed."""


class Keeping:
    """The verbs of the lake, of retention and of counting. A home says how it runs a statement."""

    # SQL here says ? for a value and {s} for the place of the tables.

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        raise NotImplementedError

    def _change(self, sql: str, values: Sequence[Any] = ()) -> int:
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[object]:
        """One transaction that may write."""
        raise NotImplementedError

    def _looking(self) -> AbstractContextManager[object]:
        """One transaction that sees one moment."""
        raise NotImplementedError

    def _among(self, values: Iterable[Any]) -> tuple[str, Any]:
        """The comparison with one of these, and its value."""
        raise NotImplementedError

    def _are_of(self, visitors: Iterable[str]) -> tuple[str, Any]:
        """The condition on `e` that it is about one of these visitors, and its value."""
        comparison, value = self._among(sorted(visitors))
        return f"e.visitor {comparison}", value

    def snapshot(
        self,
        *,
        after: int = 0,
        names: Iterable[str] | None = None,
        visitors: Iterable[str] | None = None,
        limit: int | None = None,
        columns: Sequence[str] = _EVERY,
    ) -> Snapshot:
        """The manifest and the tail at one moment; the tail limited to what is asked for."""
        sql, values = f"select {line(columns, 'e.')} {_LIVE} and e.position > ?", list[Any]([after])
        with self._looking():
            if names is not None:
                comparison, value = self._among(sorted(names))
                sql += f" and e.name {comparison}"
                values.append(value)
            if visitors is not None:
                comparison, value = self._are_of(visitors)
                sql += f" and {comparison}"
                values.append(value)
            sql += " order by e.position"
            if limit is not None:
                sql += " limit ?"
                values.append(limit)
            return Snapshot(
                sealed=self._manifest(),
                forgotten=self._all("select subject, through from {s}forgotten order by subject"),
                columns=tuple(columns),
                tail=[row[0] for row in self._all(sql, values)],
            )

    def manifest(self) -> list[Sealed]:
        """The sealed days in order."""
        return self._manifest()

    def _manifest(self) -> list[Sealed]:
        return [
            Sealed(*row) for row in self._all("select day, file, through, rows from {s}sealed order by day")
        ]

    def sealed_through(self) -> int:
        """The highest position that the lake holds (0: it is empty)."""
        return int(self._all("select coalesce(max(through), 0) from {s}sealed")[0][0])

    def live_days(self) -> dict[int, tuple[int, int, int]]:
        """Days with events in the tail: {day: (events, lowest position, highest position)}."""
        sql = (
            f"select e.day, count(*), min(e.position), max(e.position) {_LIVE} group by e.day order by e.day"
        )
        return {day: (count, low, high) for day, count, low, high in self._all(sql)}

    def of_day(self, day: int, *, after: int, through: int) -> Iterator[tuple[int, list[str]]]:
        """The live rows of a day with positions in (after, through], some thousands at a time: the last position
        and the rows as lines of all columns."""
        while True:
            page = self._all(
                f"select position, {line(_EVERY)} from {{s}}event where day = ? and position > ? and position <= ?"
                " order by position limit ?",
                (day, after, through, _PAGE),
            )
            if page:
                after = page[-1][0]
                yield after, [row[1] for row in page]
            if len(page) < _PAGE:
                return

    def seal(self, instead_of: Sequence[Sealed], now: Sequence[Sealed], *, at_ms: int, keep_ms: int) -> None:
        """Put these days into the manifest: the moment at which they move to the lake.

        The files that lose their last day may be removed `keep_ms` later, when nobody reads them any more.
        Raises ManifestMoved when the manifest does not say `instead_of` of these days.
        """
        comparison, value = self._among(sorted({one.day for one in (*instead_of, *now)}))
        with self._writing():
            found = self._all(
                f"select day, file, through, rows from {{s}}sealed where day {comparison} order by day",
                [value],
            )
            if [Sealed(*row) for row in found] != sorted(instead_of, key=lambda one: one.day):
                raise ManifestMoved
            self._change(f"delete from {{s}}sealed where day {comparison}", [value])
            for one in now:
                self._change(
                    "insert into {s}sealed(day, file, through, rows) values(?, ?, ?, ?)",
                    (one.day, one.file, one.through, one.rows),
                )
            for file in {one.file for one in instead_of if one.file} - {one.file for one in now}:
                self._change(
                    "insert into {s}gone(file, from_ms) values(?, ?) on conflict do nothing",
                    (file, at_ms + keep_ms),
                )

    def trim(self) -> int:
        """Delete some rows that the lake holds; returns how many. Call it until nothing is left."""
        with self._writing():
            return self._change(
                "delete from {s}event where position in (select e.position from {s}sealed s"
                " join {s}event e on e.day = s.day and e.position <= s.through limit ?)",
                [CHUNK],
            )

    def gone(self, *, at_ms: int) -> list[str]:
        """Files that are in no manifest any more and that nobody reads at this time."""
        return [str(row[0]) for row in self._all("select file from {s}gone where from_ms <= ?", [at_ms])]

    def removed(self, file: str) -> None:
        """A file that was gone is removed."""
        with self._writing():
            self._change("delete from {s}gone where file = ?", [file])

    def forget(self, subjects: Iterable[str]) -> None:
        """Hide everything so far of these visitors and persons, and delete what is live, in small chunks.

        What the lake holds of them goes with the next rewrite of its files.
        """
        wanted = sorted(set(subjects))
        with self._writing():
            through = self.head()
            for subject in wanted:
                self._change(
                    "insert into {s}forgotten(subject, through) values(?, ?)"
                    " on conflict(subject) do update set through = excluded.through",
                    (subject, through),
                )
            # Where positions are not counted apart from the rows, the newest may go and the head must stay.
            self._keep_word("head", str(through))
        comparison, value = self._among(wanted)
        found = self._all(
            f"select position from {{s}}event where (visitor {comparison} or person {comparison})"
            " and position <= ?",
            (value, value, through),
        )
        positions = [row[0] for row in found]
        for start in range(0, len(positions), CHUNK):
            comparison, value = self._among(positions[start : start + CHUNK])
            with self._writing():
                self._change(f"delete from {{s}}event where position {comparison}", [value])
        self._shrink()

    def head(self) -> int:
        """The highest position given so far."""
        raise NotImplementedError

    def _shrink(self) -> None:
        """Leave no copy of what was deleted in the store's own log, as far as that is ours."""

    def forgotten(self) -> list[tuple[str, int]]:
        """Who is to be forgotten by the lake, each up to a position."""
        return [
            (str(who), int(through))
            for who, through in self._all("select subject, through from {s}forgotten")
        ]

    def forgotten_everywhere(self, done: Iterable[tuple[str, int]]) -> None:
        """No file holds these any more: even their names go."""
        with self._writing():
            for subject, through in done:
                self._change("delete from {s}forgotten where subject = ? and through = ?", (subject, through))
        self._shrink()

    def prune_seen(self, *, before_day: int) -> int:
        """Forget the message ids of earlier days; returns how many. Walks the ids in order, in small chunks:
        an index by day would cost every event, this costs once a night."""
        last, pruned = "", 0
        while True:
            ids = self._all(
                "select message_id, day from {s}seen where message_id > ? order by message_id limit ?",
                (last, _PAGE),
            )
            if not ids:
                return pruned
            last = ids[-1][0]
            old = [message_id for message_id, day in ids if day < before_day]
            for start in range(0, len(old), CHUNK):
                comparison, value = self._among(old[start : start + CHUNK])
                with self._writing():
                    pruned += self._change(f"delete from {{s}}seen where message_id {comparison}", [value])

    def note_drops(self, counts: Mapping[tuple[int, str, str], int]) -> None:
        """Add to what was refused: {(day, name of the event, reason): how often}."""
        with self._writing():
            for (day, name, reason), n in counts.items():
                self._change(
                    "insert into {s}dropped(day, name, reason, n) values(?, ?, ?, ?)"
                    " on conflict(day, name, reason) do update set n = {s}dropped.n + excluded.n",
                    (day, name, reason, n),
                )

    def drops(self, name: str | None = None, *, since_day: int = 0) -> dict[str, int]:
        """How much was refused since a day, by reason; of one event or of all, whole requests with them."""
        sql, values = "select reason, sum(n) from {s}dropped where day >= ?", list[Any]([since_day])
        if name is not None:
            sql += " and name = ?"
            values.append(name)
        found = self._all(f"{sql} group by reason order by reason", values)
        return {str(reason): int(n) for reason, n in found}

    def meta(self, key: str) -> str | None:
        """A word that the journal keeps about itself."""
        found = self._all("select value from {s}meta where key = ?", [key])
        return str(found[0][0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        """Keep a word."""
        with self._writing():
            self._keep_word(key, value)

    def _keep_word(self, key: str, value: str) -> None:
        self._change(
            "insert into {s}meta(key, value) values(?, ?) on conflict(key) do update set value = excluded.value",
            (key, value),
        )
