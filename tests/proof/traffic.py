"""Clients that send events and leads over loopback, and remember what was acknowledged."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import re
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Form:
    """Where a form is sent to, and what its page carries beside the answers."""

    action: str
    fields: dict[str, str]


def _view(name: str, at: int, url: str) -> dict[str, object]:
    """A page view. Its title names it too: in the lake strangers' events have no message ids."""
    return {"k": "page", "i": name, "a": at, "u": url, "t": f"{name}@{at}"}


class Traffic:
    """`with traffic.flowing():` sends until the block ends. A client repeats what got no answer, as ours do.

    The product must trust 127.0.0.1 as a proxy, so that each request comes from an address of its own.
    """

    def __init__(self, port: int, key: str, chance: random.Random) -> None:
        self.port = port
        self.key = key
        self.chance = chance
        self.repeats = 5  # every fifth body that was acknowledged is sent once more; 0: none
        self.events: set[str] = set()
        self.bodies: list[object] = []
        self.leads: set[str] = set()
        self.forms: set[str] = set()
        self.form = Form("", {})
        self.answers: Counter[tuple[str, int]] = Counter()
        self._stop = threading.Event()
        self._number = itertools.count()

    def ask(self, method: str, path: str, body: object = None, *, form: bool = False, **headers: str) -> int:
        """One request, as JSON or as a form; the status, or 0 when the connection broke."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        address = f"198.18.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"
        try:
            content = None if body is None else urlencode(body) if form else json.dumps(body)  # type: ignore[arg-type]
            kind = "application/x-www-form-urlencoded" if form else "application/json"
            sent = {"user-agent": AGENT, "x-forwarded-for": address, "content-type": kind}
            connection.request(method, path, content, {**sent, **headers})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        self.answers[path, answer.status] += 1
        return answer.status

    def post_events(self) -> None:
        """Twenty page views in one body."""
        at = int(time.time() * 1000)
        number = next(self._number)
        names = [f"{number}-{part}" for part in range(20)]
        url = f"http://127.0.0.1:{self.port}/pricing/"
        body = {"s": at, "e": [_view(name, at, url) for name in names]}
        if self._insist(lambda: self.ask("POST", "/e", body)):
            self.events.update(f"{name}@{at}" for name in names)
            self.bodies.append(body)
            if self._repeated(number):
                self.ask("POST", "/e", body)

    def post_again(self) -> None:
        """Some body that was acknowledged before, as of a client that was away for a while."""
        if self.bodies:
            body = self.chance.choice(self.bodies)
            self._insist(lambda: self.ask("POST", "/e", body))

    def post_lead(self) -> None:
        """One lead with an idempotency key."""
        email = f"person{next(self._number)}@halden.example.com"
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": email}
        if self._insist(lambda: self.ask("POST", "/api/leads", {"email": email}, **headers)):
            self.leads.add(email)

    def open_form(self, form_id: str) -> None:
        """Fetch the form's page once, as a cache would keep it; a form sent too soon would be taken for spam."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/forms/{form_id}/1/") as page:
            html = page.read().decode()
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
        action = re.search(r'<form class="hr-form" action="([^"]+)"', html)
        assert action, html
        self.form = Form(action[1], fields)
        time.sleep(4)

    def post_form(self) -> None:
        """A stranger looks at the prices and asks for a demo."""
        at = int(time.time() * 1000)
        number = next(self._number)
        visitor = f"b_{self.chance.getrandbits(128):032x}"
        url = f"http://127.0.0.1:{self.port}/pricing/"
        name = f"look-{number}"
        look = {"v": visitor, "c": 1, "s": at, "e": [_view(name, at, url)]}
        if not self._insist(lambda: self.ask("POST", "/e", look)):
            return
        self.events.add(f"{name}@{at}")
        email = f"stranger{number}@halden.example.com"
        answers = {
            "first_name": "Ada",
            "last_name": "Halden",
            "email": email,
            "company": "Halden",
            "job_title": "VP of Marketing",
            "news": "yes",
        }
        body = {**self.form.fields, **answers, "hr_visitor": visitor, "hr_nonce": f"nonce-{number}"}
        if self._insist(lambda: self.ask("POST", self.form.action, body, form=True)):
            self.forms.add(email)
            if self._repeated(number):
                self.ask("POST", self.form.action, body, form=True)

    def _repeated(self, number: int) -> bool:
        return bool(self.repeats) and number % self.repeats == 0

    def _insist(self, send: Callable[[], int]) -> bool:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._stop.is_set() and time.monotonic() < until:
            if send() in (200, 201, 303):
                return True
            time.sleep(0.1)
        return False

    def _repeat(self, act: Callable[[], None]) -> None:
        while not self._stop.is_set():
            act()
            time.sleep(PAUSE_SECONDS)

    @contextmanager
    def flowing(self, *acts: Callable[[], None]) -> Iterator[None]:
        """Let each act be repeated by a thread of its own until the block ends."""
        threads = [threading.Thread(target=self._repeat, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
