"""A rule set as a TOML file that people read, change and keep beside their code. It reads back the same.

Points are points here (12.5), and what a rule does not say is left out. Above each rule stands what it means.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

import msgspec

from handraiser.kit.errors import DomainError
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import POINT, Bands, Exclusion, Limits, Range, Rule, Rules, Signal

MAX_BYTES = 200_000
_TABLES: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "rules": get_args(Rule),
    "exclusions": (Exclusion,),
    "signals": (Signal,),
}
_PLACE = re.compile(r"^(?P<what>.*?) - at `\$\.?(?P<path>.*)`$")
_STEP = re.compile(r"(?P<table>rules|exclusions|signals)\[(?P<place>\d+)\](?:\.(?P<key>\w+))?")


def to_text(rules: Rules) -> str:
    """The rule set as the text of a file."""
    lines = [
        "# A rule set of Handraiser. Points are points, times are days.",
        _pair("threshold", _points(rules.threshold)),
    ]
    if rules.leave is not None:
        lines.append(_pair("leave", _points(rules.leave)))
    for name in ("limits", "bands"):
        part = msgspec.structs.asdict(getattr(rules, name))
        lines += ["", f"[{name}]", *(_pair(key, _points(value)) for key, value in part.items())]
    for rule in rules.rules:
        lines += _table("rules", wording.title(rule), rule)
    for out in rules.exclusions:
        lines += _table("exclusions", f"Left out: {wording.excluded(out)}", out)
    for signal in rules.signals:
        lines += _table("signals", f"{wording.signal(signal)} makes a PQL", signal)
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Rules:
    """Read a file. Raises DomainError("rules_file") that names the line and the key at fault."""
    if len(text.encode()) > MAX_BYTES:
        raise _refused(f"The file is larger than {MAX_BYTES // 1000:,} KB.")
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _refused(f"This is not TOML: {error}.") from error
    _known(data, Rules, text, "", 0)
    for name, struct in (("limits", Limits), ("bands", Bands)):
        part = data.get(name)
        if isinstance(part, dict):
            _known(part, struct, text, name, 0)
            for key in part:
                _to_micro(part, key, text, name, 0)
    for key in ("threshold", "leave"):
        _to_micro(data, key, text, "", 0)
    for name, structs in _TABLES.items():
        some = data.get(name, [])
        if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
            raise _refused(f"{name} is written as [[{name}]], once for each.", text, name, 0)
        for place, one in enumerate(some):
            _read(one, structs, text, name, place)
    try:
        return msgspec.convert(data, Rules)
    except msgspec.ValidationError as error:
        raise _located(str(error), text) from error


def line_of(text: str, field: str, rules: Rules) -> int | None:
    """The line of a file that says what `validation.check` calls `<key>.<field>`; None if it cannot be told."""
    of, _, name = field.rpartition(".")
    for table in _TABLES:
        for place, one in enumerate(getattr(rules, table)):
            if of and one.key == of:
                return _line(text, table, place, name)
    return _line(text, "", 0, field)


def _table(name: str, meaning: str, one: msgspec.Struct) -> list[str]:
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(one))
    defaults = {
        field.name: field.default
        for field in msgspec.structs.fields(type(one))
        if field.default is not msgspec.NODEFAULT
    }
    plain = "".join(letter if letter.isprintable() else " " for letter in meaning.replace("**", ""))
    lines = ["", f"# {' '.join(plain.split())}", f"[[{name}]]"]
    for key, value in data.items():
        if key in defaults and value == msgspec.to_builtins(defaults[key]):
            continue
        if key == "points":
            lines.append(_pair(key, _points(value)))
        elif key == "ranges":
            some = (
                ", ".join(
                    f"{part} = {_points(bound) if part == 'points' else bound}"
                    for part, bound in one_range.items()
                    if bound is not None
                )
                for one_range in value
            )
            lines += ["ranges = [", *(f"  {{ {parts} }}," for parts in some), "]"]
        else:
            lines.append(_pair(key, str(value) if isinstance(value, int) else _quoted(value)))
    return lines


def _pair(key: str, value: str) -> str:
    return f"{key} = {value}"


def _points(micro: int) -> str:
    whole, rest = divmod(abs(micro), POINT)
    return f"{'-' if micro < 0 else ''}{whole}" + (f".{rest:06d}".rstrip("0") if rest else "")


def _quoted(text: str) -> str:
    # A string of JSON is one of TOML, but for this one character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read(
    one: dict[str, Any], structs: tuple[type[msgspec.Struct], ...], text: str, name: str, place: int
) -> None:
    """Make points whole numbers of one rule, exclusion or signal, whose keys must all be known."""
    struct = structs[0]
    if len(structs) > 1:
        kinds = {str(each.__struct_config__.tag): each for each in structs}
        if one.get("type") not in kinds:
            raise _refused(f"type is one of {', '.join(kinds)}.", text, name, place, "type")
        struct = kinds[one["type"]]
    _known(one, struct, text, name, place)
    _to_micro(one, "points", text, name, place)
    for each in one.get("ranges", ()) if isinstance(one.get("ranges"), list) else ():
        if isinstance(each, dict):
            _known(each, Range, text, name, place, inside="ranges")
            _to_micro(each, "points", text, name, place)


def _known(
    data: Mapping[str, Any], struct: type[msgspec.Struct], text: str, name: str, place: int, inside: str = ""
) -> None:
    for key in data:
        if key not in struct.__struct_fields__ and not (key == "type" and struct.__struct_config__.tag):
            of = f"{name} has" if name else "a rule set has"
            raise _refused(f"{of} no key “{key}”.", text, name, place, inside or key)


def _to_micro(data: dict[str, Any], key: str, text: str, name: str, place: int) -> None:
    value = data.get(key)
    if value is None:
        return
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not number or not Decimal(value).is_finite() or abs(value) > 10**9 or value * POINT % 1:
        raise _refused(f"{key} is a number of points with at most six decimals.", text, name, place, key)
    data[key] = int(value * POINT)


def _located(error: str, text: str) -> DomainError:
    """What the reader of types says, with the line it is about."""
    found = _PLACE.match(error)
    path = found["path"] if found else ""
    what = found["what"] if found else error
    step = _STEP.match(path)
    if step:
        key = step["key"] or ""
        return _refused(
            f"{key}: {what}." if key else f"{what}.", text, step["table"], int(step["place"]), key
        )
    table, _, key = path.rpartition(".")
    if path in ("limits", "bands"):
        table, key = path, ""
    return _refused(f"{path}: {what}." if path else f"{what}.", text, table, 0, key)


def _refused(sentence: str, text: str = "", name: str = "", place: int = 0, key: str = "") -> DomainError:
    line = _line(text, name, place, key) if text else None
    where = f"Line {line}: " if line else ""
    return DomainError("rules_file", f"{where}{sentence}", field="file")


def _line(text: str, name: str, place: int, key: str) -> int | None:
    """The line of a key in the n-th table of a name, else of the table itself; "" is the top of the file."""
    headers = {f"[[{name}]]", f"[{name}]"}
    inside, seen, at = not name, -1, None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.partition("#")[0].strip()
        if line.startswith("["):
            if line.replace(" ", "") in headers:
                seen += 1
                inside = seen == place
                at = number if inside else at
            elif inside and re.match(r"\[\[?\s*\w+\s*\]\]?$", line):
                inside = False
        elif inside and re.match(rf"\"?{re.escape(key)}\"?\s*=", line) and key:
            return number
    return at
