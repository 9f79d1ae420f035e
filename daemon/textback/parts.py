"""What of the daemon follows from textback.toml: built from it, and changed with it while the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from textback import listeners
from textback.book import PracticeBook
from textback.clock import Clock
from textback.config import Address, Config, Pbx
from textback.config.differences import kept, pbxes
from textback.doors import Door, Doors, Listening, WebDoor
from textback.errands import Errands
from textback.following import Following
from textback.intake import Intake
from textback.hooks.server import HookServer
from textback.listeners import Replies
from textback.measures import Measures
from textback.nightly import Nightly
from textback.pages import MOST as MOST_BROWSERS
from textback.pages import Pages
from textback.pbx.link import Link
from textback.retention import Ages
from textback.sending import Sender, Sending
from textback.store.reader import Reader
from textback.store.writer import Writer
from textback.tidings import Tidings
from textback.trigger import Trigger
from textback.until import Running, Work
from textback.web.connection import MOST


@dataclass(frozen=True)
class Core:
    """What no change of the configuration touches."""

    errands: Errands
    intake: Intake
    writer: Writer
    reader: Reader
    clock: Clock
    pages: Pages
    links: dict[str, Link]
    measures: Measures
    #: whether this daemon, of several, is the one that does what is enough to be done once
    is_on_duty: Callable[[], bool]
    #: seconds between two looks at the deadlines of the calls
    tick: float


@dataclass(frozen=True)
class Plan:
    """What a configuration wants, built and not begun; ``config``: with what cannot change now as it was before."""

    wanted: Config
    config: Config
    sender: Sender
    replies: Replies
    tidings: Tidings
    doors: dict[str, tuple[Address, Door]]
    links: dict[str, Link]


class Parts:
    """All of them, in ``tasks``: first what may fail is prepared, then everything changes at once."""

    def __init__(
        self, core: Core, sending: Sending, following: Following, listening: Listening, tasks: asyncio.TaskGroup
    ) -> None:
        self._core, self._sending, self._following, self._tasks = core, sending, following, tasks
        self._doors = Doors(tasks, listening)
        self._flows = Trigger(
            core.errands, core.writer, core.reader, core.clock, sending.nudge, measures=core.measures
        )
        self._is: Plan | None = None
        self._replying = self._showing = self._telling = self._deleting = Running(tasks, ())

    @property
    def hook_servers(self) -> list[HookServer]:
        """What answers to dialplans now."""
        return [door for door in self._doors.open if isinstance(door, HookServer)]

    @property
    def staff_not_told(self) -> dict[str, str]:
        """Why somebody is not told of replies now, in words, by how and whom."""
        return dict(self._is.tidings.trouble) if self._is else {}

    async def prepare(self, wanted: Config) -> Plan:
        """Build what ``wanted`` says, where that is not there already, and let its doors listen.

        Raises ``ListenError``, and ``OSError`` for certificates that cannot be read; then nothing is left of it.
        """
        before = self._is
        config = kept(before.config, wanted) if before else wanted
        links = self._new_links(before.config if before else Config(), config)
        sender = before.sender if before and _texts(before.config) == _texts(config) else self._new_sender(config)
        is_same = before is not None and sender is before.sender and before.config.retention == config.retention
        replies = before.replies if before and is_same else self._new_replies(config, sender)
        tidings = before.tidings if before and _tells(before.config) == _tells(config) else self._new_tidings(config)
        doors = dict(self._doors_of(config, sender, replies))
        await self._doors.prepare(doors)
        return Plan(wanted, config, sender, replies, tidings, doors, links)

    def begin(self, plan: Plan) -> None:
        """Let everything be as it is planned; the first time, and any other."""
        before, self._is = self._is, plan
        if before is None or plan.sender is not before.sender:
            self._sending.change(plan.sender, self._tasks, self._replying)
        if before is None or plan.replies is not before.replies:
            self._replying = self._instead(self._replying, plan.replies.works)
        if before is None or plan.tidings is not before.tidings:
            self._telling = self._instead(self._telling, [plan.tidings.run])
        if before is None or plan.config.retention != before.config.retention:
            self._deleting = self._instead(self._deleting, self._nightly(plan.config))
        if before is None:
            self._showing = Running(self._tasks, self._core.pages.works)
        self._doors.change(plan.doors)
        self._follow(pbxes(before.config) if before else {}, plan)

    def tell(self) -> None:
        """Let everything end; does not wait."""
        self._doors.tell()
        for running in (self._sending, self._replying, self._telling, self._deleting, self._showing):
            running.tell()
        self._following.tell()

    def _instead(self, before: Running, works: Iterable[Work]) -> Running:
        before.tell()
        return Running(self._tasks, works)

    def _new_sender(self, config: Config) -> Sender:
        return self._sending.made(config) if self._is else self._sending.now

    def _new_tidings(self, config: Config) -> Tidings:
        return Tidings(config, self._core.writer, self._core.clock, poll=8 * self._core.tick)

    def _nightly(self, config: Config) -> list[Work]:
        told, core = config.retention, self._core
        ages = Ages(told.calls, told.messages, None, told.audit)  # raw posts go every few hours
        if ages.is_nothing:
            return []
        return [Nightly(core.reader, core.writer, PracticeBook(), ages, told.at, core.clock).run]

    def _new_links(self, old: Config, new: Config) -> dict[str, Link]:
        before = pbxes(old)
        return {name: self._following.made(pbx) for name, pbx in pbxes(new).items() if before.get(name) != pbx}

    def _new_replies(self, config: Config, sender: Sender) -> Replies:
        core, sending = self._core, self._sending
        told = (sending.nudge, sending.pause, core.clock, core.measures, core.is_on_duty)
        return Replies(config, core.writer, sender.provider, *told)

    def _doors_of(self, config: Config, sender: Sender, replies: Replies) -> Iterator[tuple[str, tuple[Address, Door]]]:
        core = self._core
        pages = core.pages.app(config, sender.provider, self._sending.nudge)
        yield "http", (config.http.listen, WebDoor("http", pages, MOST_BROWSERS))
        posts = replies.app(config, self._flows)
        if posts is not None and config.webhooks is not None:
            yield "webhooks", (config.webhooks.listen, WebDoor("webhooks", posts, MOST))
        yield from listeners.hooks(
            config, core.links, core.errands, core.intake, core.reader, core.clock
        ).items()

    def _follow(self, before: dict[str, Pbx], plan: Plan) -> None:
        for name in before.keys() - pbxes(plan.config).keys():
            self._following.leave(name)
        for name, link in plan.links.items():
            if name in before:
                self._following.change(name, link)
            else:
                self._following.begin(name, link)


def _texts(config: Config) -> tuple[object, ...]:
    """What texts go out and come in by."""
    return config.sms, config.webhooks.public_url if config.webhooks else None


def _tells(config: Config) -> tuple[object, ...]:
    """What staff are told by."""
    return config.mail, config.notify, config.http.public_url
