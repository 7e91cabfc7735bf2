"""What the commands share: the option that chooses a form, and how JSON is printed."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

from cyclopts import Parameter

Output = Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])]
OutputOrManifests = Annotated[Literal["text", "json", "yaml"], Parameter(name=["--output", "-o"])]


def print_json(data: Any) -> None:
    """Write data to standard output, readable for people too."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
