"""The state of the lead list, all of it in the address: view, filters, search, sort, columns, page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from handraiser.desk.rules import filters
from handraiser.desk.rules.filters import Filter

PAGE_SIZE = 50
COLUMNS = {
    "stage": "Stage",
    "score": "Score",
    "likely": "Likely",
    "pql": "PQL",
    "ideal": "Ideal customer",
    "activity": "Last activity",
    "raised": "Raised a hand with",
    "source": "Source",
    "owner": "Owner",
    "opened": "Opened",
    "campaign": "Campaign",
    "email": "Email",
    "phone": "Phone",
}
FIRST_COLUMNS = ("stage", "score", "activity", "raised", "source", "owner")
SORTS = ("name", "stage", "score", "likely", "pql", "activity", "raised", "source", "owner", "opened")
FALLS_FIRST = ("score", "likely", "pql", "activity", "opened")  # a first click shows the highest or newest
FIRST_SORT = "-score"


@dataclass(frozen=True)
class View:
    """A named state of the list. `id`: "" for none, a word for one of ours, else that of a saved view."""

    id: str
    name: str
    filters: tuple[Filter, ...]
    sort: str = FIRST_SORT
    columns: tuple[str, ...] = FIRST_COLUMNS
    shared: bool = True
    mine: bool = False


OPEN = Filter("state", ("open",))
ALL_OPEN = View("all", "All open", (OPEN,))
OUR_VIEWS = (
    ALL_OPEN,
    View("hot", "Hot, nobody yet", (OPEN, Filter("temperature", ("hot",)), Filter("owner", ("nobody",)))),
    View("mine", "Mine", (OPEN, Filter("owner", ("me",)))),
    View("new", "New this week", (Filter("opened", ("7d",)),), sort="-opened"),
    View("quiet", "Going quiet", (OPEN, Filter("seen", ("14d",), negated=True)), sort="-activity"),
)
# An address with filters of its own and no view: a link from a figure to its rows.
NO_VIEW = View("", "These leads", ())


@dataclass(frozen=True)
class Listing:
    """What the list shows. `view` is where it started from."""

    view: View
    filters: tuple[Filter, ...]
    search: str = ""
    sort: str = FIRST_SORT
    columns: tuple[str, ...] = FIRST_COLUMNS
    page: int = 1

    @property
    def edited(self) -> bool:
        """True if it differs from its view: then it may be saved."""
        return (self.filters, self.sort, self.columns) != (
            self.view.filters,
            self.view.sort,
            self.view.columns,
        )

    def pairs(self) -> list[tuple[str, str]]:
        """What stands in the address: `read` turns it back into this listing. Without the page."""
        pairs = [("view", self.view.id)] if self.view.id else []
        if self.filters != self.view.filters:
            pairs += filters.write(self.filters) or [("filters", "none")]
        if self.sort != self.view.sort:
            pairs.append(("sort", self.sort))
        if self.columns != self.view.columns:
            pairs.append(("columns", ",".join(self.columns)))
        if self.search:
            pairs.append(("q", self.search))
        return pairs

    def address(self) -> str:
        """The query string."""
        return urlencode(self.pairs())

    def without(self, one: Filter) -> Listing:
        """The same list without a filter."""
        return replace(self, filters=tuple(other for other in self.filters if other != one), page=1)

    def sorted_by(self, column: str) -> Listing:
        """The same list sorted by a column; the other way round if it already is."""
        falling, rising = f"-{column}", column
        first, second = (falling, rising) if column in FALLS_FIRST else (rising, falling)
        return replace(self, sort=second if self.sort == first else first, page=1)


def read(params: Mapping[str, Sequence[str]], views: Sequence[View]) -> Listing:
    """The listing of an address. Without a word about filters it is that of its view, or all open leads."""

    def last(name: str) -> str:
        return params[name][-1].strip() if params.get(name) else ""

    own = filters.read(params)
    by_id = {view.id: view for view in views}
    view = by_id.get(last("view")) or (NO_VIEW if own else ALL_OPEN)
    chosen = own if own or last("filters") == "none" else view.filters
    sort = last("sort") if last("sort").removeprefix("-") in SORTS else view.sort
    columns = tuple(name for name in dict.fromkeys(last("columns").split(",")) if name in COLUMNS)
    page = last("page")
    return Listing(
        view=view,
        filters=chosen,
        search=last("q")[:200],
        sort=sort,
        columns=columns or view.columns,
        page=max(1, int(page)) if page.isdigit() and len(page) < 7 else 1,
    )
