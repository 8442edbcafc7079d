"""Test vectors for the text rules, shared by Python and JavaScript."""

import json
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "clients" / "vectors" / "text.json").read_text(encoding="utf-8")
)
