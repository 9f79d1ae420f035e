"""The thread in which greenswitch talks to one FreeSWITCH, and how the event loop has it do things."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, TypeVar

import gevent
import gevent.event

from textback.pbx.errors import LinkError

log = logging.getLogger("textback.esl")

_Answer = TypeVar("_Answer")
_Task = tuple[Callable[[], Any], "Future[Any]"]


class Thread:
    """Runs what it is given on a gevent loop of its own, each in a greenlet, until it is stopped, and ``last`` then."""

    def __init__(self, name: str, last: Callable[[], None]) -> None:
        #: done when the thread has ended
        self.ended: Future[None] = Future()
        self._last = last
        self._tasks: deque[_Task] = deque()
        self._lock = threading.Lock()
        self._is_over = False
        self._wake: Callable[[], None] = _nobody
        self._stopped = False
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def do(self, work: Callable[[], _Answer]) -> Future[_Answer]:
        """Have ``work`` done there; what it raises is raised by the result: ``LinkError`` once the thread is over."""
        answer: Future[_Answer] = Future()
        with self._lock:
            if self._is_over:
                answer.set_exception(LinkError("the link is down"))
            else:
                self._tasks.append((work, answer))
                self._wake()
        return answer

    def stop(self) -> None:
        """End the thread soon; what is not done by then fails."""
        with self._lock:
            self._stopped = True
            self._wake()

    # -- in the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        hub = gevent.get_hub()
        hub.print_exception = _fault  # it would print to stderr what an event held
        called = gevent.event.Event()
        watcher = hub.loop.async_()
        watcher.start(called.set)
        with self._lock:
            self._wake = watcher.send
        greenlets: set[gevent.Greenlet] = set()
        while not self._stopped:
            self._begin(greenlets)
            called.wait()
            called.clear()
        with self._lock:
            self._is_over, self._wake = True, _nobody
        gevent.killall(list(greenlets))
        while self._tasks:
            _fail(self._tasks.popleft()[1])
        self._last()
        watcher.stop()
        watcher.close()
        hub.destroy(destroy_loop=True)
        self.ended.set_result(None)

    def _begin(self, greenlets: set[gevent.Greenlet]) -> None:
        while self._tasks:
            work, answer = self._tasks.popleft()
            greenlet = gevent.spawn(_do, work, answer)
            greenlets.add(greenlet)
            greenlet.link(greenlets.discard)


def _do(work: Callable[[], Any], answer: Future[Any]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        found = work()
    except Exception as error:
        answer.set_exception(error)
    except gevent.GreenletExit:
        _fail(answer)
    else:
        answer.set_result(found)


def _fail(answer: Future[Any]) -> None:
    try:
        answer.set_exception(LinkError("the link is down"))
    except InvalidStateError:
        pass  # whoever asked does not wait any more


def _fault(context: object, kind: type[BaseException], error: BaseException | None, trace: object) -> None:
    log.error("a fault of ours in the thread of a link: %s", kind.__name__, exc_info=error or False)


def _nobody() -> None:
    """There is nobody to wake."""
