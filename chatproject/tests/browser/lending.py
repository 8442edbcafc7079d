"""Contexts of the browser, lent to one test after the other: what a page loads stays in their cache.

Loading the client's 170 files into an empty cache takes five times as long as loading it again.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page

from chatproject.tests.browser.chrome import Keys

STORAGES = "cookies,local_storage,indexeddb,service_workers,cache_storage,file_systems"


@dataclass
class Lent:
    """A context in somebody's hands, with an empty page; one that is not clean any more is not lent again."""

    context: BrowserContext
    page: Page
    has_touch: bool
    origins: set[str] = field(default_factory=set)
    is_clean: bool = True


class Lending:
    """Lends the contexts of a browser, and clears away what a test has left in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._keys = Keys()
        self._free: dict[bool, list[Lent]] = defaultdict(list)

    def lend(self, *, has_touch: bool = False) -> Lent:
        if self._free[has_touch]:
            return self._free[has_touch].pop()
        context = self._browser.new_context(has_touch=has_touch)
        self._keys.lend_to(context)
        return Lent(context, context.new_page(), has_touch)

    def take_back(self, lent: Lent) -> None:
        if not lent.is_clean:
            lent.context.close()
            return
        for page in lent.context.pages:
            page.close()
        lent.page = lent.context.new_page()
        devtools = lent.context.new_cdp_session(lent.page)
        for origin in lent.origins:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORAGES})
        devtools.detach()
        lent.context.clear_cookies()
        self._free[lent.has_touch].append(lent)

    def close(self) -> None:
        for lent in [lent for some in self._free.values() for lent in some]:
            lent.context.close()
