"""The pages as one app: behind their front door, with everything that they need."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.applications import Starlette

from textback.complaints import Complaints
from textback.passwords import Passwords
from textback.web import static
from textback.web.account import AccountPage
from textback.web.front import front
from textback.web.monitors import Monitors
from textback.web.pages.calls import CallPages
from textback.web.pages.conversation import ConversationPages
from textback.web.pages.health import HealthPage
from textback.web.pages.inbox import InboxPages
from textback.web.pages.live_pages import LivePages
from textback.web.pages.new_text import NewTextPage
from textback.web.pages.office import Office
from textback.web.pages.pictures import PicturePage
from textback.web.pages.reports import ReportPages
from textback.web.pages.settings.history import HistoryPage
from textback.web.pages.settings.pages import SettingsPages
from textback.web.pages.settings.quick import QuickPage
from textback.web.pages.settings.users import UsersPage
from textback.web.pages.settings.webhooks import WebhooksPage
from textback.web.places import Places
from textback.web.sign_in import SignIn


@dataclass(frozen=True)
class Site:
    """What the app is made of. ``passwords`` has threads of its own, to be closed by whoever made it."""

    office: Office
    places: Places
    passwords: Passwords
    complaints: Complaints
    monitors: Monitors | None = None

    def app(self) -> Starlette:
        """The app, for ``serve``."""
        access = self.office.access
        pages = (CallPages, InboxPages, ConversationPages, PicturePage, NewTextPage, LivePages, ReportPages, HealthPage)
        settings = (SettingsPages, QuickPage, HistoryPage, WebhooksPage)
        return front(
            access,
            self.places,
            self.complaints,
            static.routes(),
            (self.monitors or Monitors(self.office.health, self.complaints)).routes(),
            SignIn(access, self.passwords, self.complaints).routes(),
            AccountPage(access, self.passwords).routes(),
            UsersPage(self.office, self.passwords).routes(),
            *(kind(self.office).routes() for kind in (*pages, *settings)),
        )
