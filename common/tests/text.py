"""What the rules of text say of some texts: the same vectors hold for Python and JavaScript."""

import json
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "clients" / "vectors" / "text.json").read_text(encoding="utf-8")
)
