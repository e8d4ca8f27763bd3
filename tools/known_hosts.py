"""Compiles the public lists of search engines, networks, assistants and spam referrers into two modules.

`python tools/known_hosts.py FOLDER`: FOLDER holds SearchEngines.yml, Socials.yml and AIAssistants.yml of
matomo-org/searchengine-and-social-list and spammers.txt of matomo-org/referrer-spam-list. Nothing is fetched.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

import yaml

RULES = Path(__file__).resolve().parents[1] / "src" / "handraiser" / "attract" / "rules"
KNOWN, SPAM = RULES / "known_hosts.py", RULES / "spam_hosts.py"

_KNOWN_HEAD = '''"""Hosts whose kind is known, for naming where a visit came from.

Written by `tools/known_hosts.py` out of matomo-org/searchengine-and-social-list (July 2026, CC0 1.0).
A name stands at the margin, its hosts below it, some with a path; `{}` stands for a country: "fr", at the end
also "co.uk". A line that begins with `?` says how the search term is found: a field of the query, or a regular
expression between slashes.
"""

'''
_SPAM_HEAD = '''"""Hosts that are named as a referrer only to be looked up. Written by `tools/known_hosts.py`.

Compiled from matomo-org/referrer-spam-list (August 2026), which is in the public domain. An entry covers its
subdomains. Do not open these addresses.
"""

'''


def _host(entry: str) -> str:
    # An app's referrer is android-app://its.name/; the list writes one of them otherwise.
    entry = entry.removeprefix("android-app//")
    return entry.split("/")[0] if entry.startswith("com.google.android") else entry.removeprefix("www.")


def _wrapped(words: Iterable[str], mark: str = "") -> list[str]:
    indent = f"  {mark} " if mark else "  "
    return textwrap.wrap(
        " ".join(dict.fromkeys(words)),
        width=110,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _block(name: str, groups: Iterable[tuple[str, list[str], list[str]]]) -> str:
    lines: list[str] = []
    for group, hosts, params in groups:
        lines += [unquote(group), *_wrapped(map(_host, hosts)), *(_wrapped(params, "?") if params else [])]
    return f'{name} = r"""\n' + "\n".join(lines) + '\n"""\n'


def known_hosts(folder: Path) -> str:
    """The module `known_hosts`."""

    def read(name: str) -> dict[str, list]:
        return yaml.safe_load((folder / name).read_text())

    engines = (
        (str(name), group["urls"], [str(param) for param in group.get("params") or []])
        for name, groups in read("SearchEngines.yml").items()
        for group in groups
    )
    plain = {
        file: ((str(name), hosts, []) for name, hosts in read(file).items())
        for file in ("AIAssistants.yml", "Socials.yml")
    }
    return _KNOWN_HEAD + "\n".join(
        [
            _block("ASSISTANTS", plain["AIAssistants.yml"]),
            _block("SOCIAL", plain["Socials.yml"]),
            _block("SEARCH", engines),
        ]
    )


def spam_hosts(folder: Path) -> str:
    """The module `spam_hosts`."""
    hosts = (folder / "spammers.txt").read_text().lower().split()
    return (
        _SPAM_HEAD
        + '_LIST = """\n'
        + "\n".join(_wrapped(hosts))
        + '\n"""\nHOSTS = frozenset(_LIST.split())\n'
    )


if __name__ == "__main__":
    source = Path(sys.argv[1])
    KNOWN.write_text(known_hosts(source))
    SPAM.write_text(spam_hosts(source))
