"""Talking to the mail server: one connection for a batch, each answer named."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from dataclasses import dataclass

from handraiser.core.delivery.rules import replies
from handraiser.kit import outgoing, sealing
from handraiser.kit.errors import DomainError, Misconfigured

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Settings:
    """How to reach the server. `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = ""


class Unreachable(Exception):
    """The server cannot be used now, for any message; nothing was handed over."""


class CutOff(Exception):
    """The connection ended while the server had the message: it may have gone out, or not."""


@dataclass(frozen=True)
class Answer:
    """What the server said to one message. `over`: it closed the connection with that."""

    outcome: str
    reply: str
    hard: bool = False
    over: bool = False


class _Guarded(smtplib.SMTP):
    """Connects to the address that was checked; certificates are still held against the name."""

    def _get_socket(self, host, port, timeout):  # type: ignore[no-untyped-def]
        return socket.create_connection((outgoing.resolve(host, port), port), timeout)


class _GuardedTls(smtplib.SMTP_SSL):
    def _get_socket(self, host, port, timeout):  # type: ignore[no-untyped-def]
        plain = socket.create_connection((outgoing.resolve(host, port), port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)


class Session:
    """An open connection. Use it as a context manager; opening raises Unreachable with a sentence."""

    def __init__(self, to: Settings) -> None:
        self._to = to

    def __enter__(self) -> Session:
        self._smtp = self._connect()
        return self

    def _connect(self) -> smtplib.SMTP:
        to = self._to
        tls = ssl.create_default_context()
        try:
            if to.security == "tls":
                smtp: smtplib.SMTP = _GuardedTls(to.host, to.port, timeout=TIMEOUT_SECONDS, context=tls)
            else:
                smtp = _Guarded(to.host, to.port, timeout=TIMEOUT_SECONDS)
                smtp.ehlo_or_helo_if_needed()
                if to.security == "starttls":
                    smtp.starttls(context=tls)
            if to.user:
                smtp.login(to.user, to.password)
            smtp.ehlo_or_helo_if_needed()
            return smtp
        except DomainError as error:
            raise Unreachable(error.message) from error
        except smtplib.SMTPAuthenticationError as error:
            raise Unreachable(f"{to.host} refused the user name or password ({error.smtp_code}).") from error
        except smtplib.SMTPNotSupportedError as error:
            raise Unreachable(f"{to.host} does not offer what is set: {error}") from error
        except ssl.SSLError as error:
            raise Unreachable(f"No safe connection to {to.host}: {error.reason or error}.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"{to.host}:{to.port} does not answer: {_why_not(error)}") from error

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._smtp.quit()
        self._smtp.close()

    def send(self, *, sender: str, to: str, content: bytes) -> Answer:
        """Hand one message over. Raises Unreachable before its content was sent, CutOff after."""
        smtp = self._smtp
        try:
            ascii_only = sender.isascii() and to.isascii()
            options = () if ascii_only else ("SMTPUTF8", "BODY=8BITMIME")
            for step, run in (
                ("MAIL", lambda: smtp.mail(sender, options)),
                ("RCPT", lambda: smtp.rcpt(to)),
            ):
                code, text = run()
                verdict = replies.judge(code, text.decode(errors="replace"), step=step)
                if verdict.outcome == "trouble":
                    raise Unreachable(f"{self._to.host} refused the sender {sender}: {_reply(code, text)}")
                if verdict.outcome != "sent":
                    over = code == 421
                    if not over:
                        smtp.rset()
                    return Answer(verdict.outcome, _reply(code, text), hard=verdict.hard, over=over)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(f"{self._to.host} hung up: {_words(error)}") from error
        try:
            code, text = smtp.data(content)
        except smtplib.SMTPDataError as error:  # refused before the content was sent
            code, text = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            raise CutOff(_words(error)) from error
        verdict = replies.judge(code, text.decode(errors="replace"), step="DATA")
        return Answer(verdict.outcome, _reply(code, text), over=code == 421)


def of(organisation) -> Settings:
    """The server that the organisation set. Raises Unreachable if its password cannot be read."""
    try:
        password = sealing.unseal(organisation.smtp_password_sealed)
    except Misconfigured as error:
        raise Unreachable(str(error)) from error
    return Settings(
        host=organisation.smtp_host,
        port=organisation.smtp_port,
        security=organisation.smtp_security,
        user=organisation.smtp_user,
        password=password,
    )


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _reply(code: int, text: bytes) -> str:
    return f"{code} {text.decode(errors='replace')}".strip()[:1000]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _why_not(error: Exception) -> str:
    """Why no connection came about, with what to look at."""
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there. Check name and port; 587 and 465 are usual."
    if isinstance(error, TimeoutError):
        return "no answer in time. Check the port, and whether a firewall lets it out."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it hung up. Check the security: STARTTLS is usual on 587, TLS on 465."
    return _words(error)
