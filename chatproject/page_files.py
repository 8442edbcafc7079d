"""The files of the page as browsers get them: few, small, and under names that change with what is in them.

`collectstatic` packs the modules and styles of the page into `web/app.js` and `web/page.css`, in `STATIC_ROOT`, and
gives them names with a hash, which browsers keep for good, compressed beforehand. Everything else is collected as it
is: the client library for pages elsewhere, and the console. Where esbuild is missing, nothing is packed, and the page
loads its modules one by one, as it does with `runserver`.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

logger = structlog.get_logger(__name__)

PACKED = ["web/app.js", "web/page.css"]
MAPS = [f"{name}.map" for name in PACKED]
"""So that developers read the sources in their browser."""

WHOLE = ["web/loading.js", "web/icon.svg", "web/docs.css"]
"""What else the templates name. It stands for itself; what imports other files keeps its name, as they do."""

HOW = ["--bundle", "--minify", "--format=esm", "--sourcemap", "--allow-overwrite", "--log-level=warning"]


class PageFilesStorage(CompressedManifestStaticFilesStorage):
    """Static files, of which those of the page are packed, hashed and compressed."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Pack what was collected, and give the page's files names with a hash."""
        if dry_run:
            return
        for name in PACKED:
            self._collect(name, *paths[name])
        named = [*WHOLE, *PACKED, *MAPS] if settings.ESBUILD and self._pack() else WHOLE
        yield from super().post_process({name: (self, name) for name in named}, **options)

    def _collect(self, name: str, source: Storage, path: str) -> None:
        """What was packed last time is newer than its source, so that `collectstatic` alone would leave it."""
        self.delete(name)
        with source.open(path) as file:
            self.save(name, file)

    def _pack(self) -> bool:
        """Whether it has gone well: a page that loads slowly is better than none."""
        command = [settings.ESBUILD, *HOW, *PACKED, "--outdir=web"]
        try:
            subprocess.run(command, cwd=self.location, check=True, capture_output=True, text=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            logger.warning("page_not_packed", reason=getattr(error, "stderr", None) or str(error))
            return False
        return True

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Only under the names that the page has: the others are there for who looks."""
        yield from super().compress_files(paths & set(self.hashed_files.values()))

    def stored_name(self, name: str) -> str:
        """What has no name with a hash keeps its own."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))


def bundler() -> str:
    """Which program would pack them, and how: what was collected by another, or otherwise, is collected anew."""
    try:
        return f"{settings.ESBUILD} {HOW} {Path(settings.ESBUILD).stat().st_mtime_ns}"
    except OSError:
        return ""
