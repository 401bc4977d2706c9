"""A desk with a clock to set, seeded chance and cheap hashes, and a browser of one person, for the tests of people."""

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import msgspec
from argon2 import PasswordHasher

from commonsky.domain.roles import Role
from commonsky.node.people import accounts
from commonsky.node.people.desk import Desk
from commonsky.node.people.passwords import Passwords
from commonsky.web.app import application
from partners import GIVER, NOW_TAI_S

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ORIGIN = "http://127.0.0.1:8701"
COOKIE = f"commonsky-{GIVER}"


class Clock:
    """Shows the time that it was told."""

    def __init__(self, now_tai_s=NOW_TAI_S):
        self.now_tai_s = now_tai_s

    def __call__(self):
        return self.now_tai_s

    def on(self, seconds):
        self.now_tai_s += seconds


class CountedPasswords(Passwords):
    """Cheap, and counts how often a hash was compared."""

    def __init__(self):
        super().__init__(CHEAP)
        self.compared = 0

    def match(self, password_hash, password):
        self.compared += 1
        return super().match(password_hash, password)


def desk_for(node, clock=None):
    numbers = itertools.count(1)
    return Desk(
        node,
        now_tai_s=clock or Clock(),
        chance=lambda count: next(numbers).to_bytes(count, "big"),
        passwords=CountedPasswords(),
    )


def hire(desk, name, *roles, password=PASSWORD):
    return accounts.add_account(desk, name, person=name.capitalize(), roles=roles, password=password)


def everybody(desk):
    """One account for each role, named after it."""
    for role in Role:
        hire(desk, role.replace(" ", "-"), role)


class Browser:
    """What one person's browser does at the node: keeps cookies, says where its page is from, brings the token."""

    def __init__(self, desk, *, origin=ORIGIN, view=None, app=None):
        self.app = app or application(desk.node, view, wall_clock_tai_s=desk.now_tai_s, desk=desk)
        self.origin = origin
        self.csrf = None
        self.cookies = httpx.Cookies()

    def get(self, path, **headers):
        return self._ask("GET", path, headers)

    def post(self, path, body=None, **headers):
        said = {"origin": self.origin, "sec-fetch-site": "same-origin", "x-commonsky-csrf": self.csrf}
        said |= {"content-type": "application/json"} | headers
        content = msgspec.json.encode({} if body is None else body)
        answer = self._ask("POST", path, {k: v for k, v in said.items() if v is not None}, content)
        if answer.status_code == 200 and "csrf" in answer.json():
            self.csrf = answer.json()["csrf"]
        return answer

    def log_in(self, account, password=PASSWORD):
        return self.post("/api/v1/session", {"account": account, "password": password})

    @property
    def token(self):
        return next((one.value for one in self.cookies.jar), None)

    def plant(self, token):
        """Have this token, and no other, in the session's cookie."""
        self.cookies.clear()
        self.cookies.set(COOKIE, token, domain=urlsplit(self.origin).hostname, path="/")

    def _ask(self, method, path, headers, content=None):
        async def asking():
            transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50_000))
            async with httpx.AsyncClient(
                transport=transport, base_url=self.origin, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, headers=headers, content=content)
                self.cookies = client.cookies
                return answer

        # In a thread of its own: a browser under test may keep a loop in this one.
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(asyncio.run, asking()).result()
