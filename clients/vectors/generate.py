"""Writes the vectors anew: `python clients/vectors/generate.py`; with `--check` says whether that would change any.

What is deterministic is computed again. What is not (RSA, and all that JavaScript has sealed) stays as it is as long
as it opens to what it should, so that the files are stable. Node is
needed only where something of JavaScript's is missing.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]

import refusals  # noqa: E402
import sealed  # noqa: E402
import settled  # noqa: E402

FILES = {
    "devices": settled.devices,  # first: the others need it
    "canonical": settled.canonical,
    "rotations": sealed.rotations,
    "messages": sealed.messages,
    "files": sealed.files,
    "backups": sealed.backups,
    "refusals": refusals.refusals,
}


def main(is_check: bool) -> int:
    changed = 0
    for name, build in FILES.items():
        path = HERE / f"{name}.json"
        before = path.read_text() if path.exists() else "{}"
        after = json.dumps(build(json.loads(before)), indent=1, ensure_ascii=False) + "\n"
        if after == before:
            continue
        changed += 1
        print(f"{path.name} {'is not what it should be' if is_check else 'was written'}")  # noqa: T201
        if not is_check:
            path.write_text(after)
    return changed if is_check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
