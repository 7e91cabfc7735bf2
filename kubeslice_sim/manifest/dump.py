"""World → YAML that a person likes to read: block style, the order in which one would write it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from kubeslice_sim.manifest.kinds import encode
from kubeslice_sim.manifest.scalar import means_text
from kubeslice_sim.model.world import World

_OLD_YAML = re.compile(
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|=|<<"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[-+.]?[0-9][0-9_.eE+-]*|0b[01_]+|[-+]?0x[0-9a-fA-F_]+|0o?[0-7_]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
)
"""What kubectl's YAML 1.1 reader takes for something else than text."""


def dump(world: World) -> str:
    """The world as YAML; ``load_text(dump(world)) == world``."""
    return dump_documents(encode(document) for document in world.documents())


def dump_documents(documents: Iterable[dict[str, Any]]) -> str:
    """JSON-like documents as YAML, with ``---`` between them. Read the same by YAML 1.1 (kubectl) and 1.2."""
    return "---\n".join(_one(document) for document in documents)


def _one(document: dict[str, Any]) -> str:
    stream = io.StringIO()
    _writer().dump(document, stream)
    return stream.getvalue()


class _Representer(SafeRepresenter):
    """Never an alias; text in quotes wherever a reader could take it for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always: a copy reads better than a reference."""
        return True

    def text(self, data: str) -> Any:
        """A text: literal block for lines, quotes where needed."""
        if "\n" in data and _fits_block(data):
            style = "|"
        elif not data.isprintable():
            style = '"'  # the only style with escapes
        else:
            style = "" if means_text(data) and not _OLD_YAML.fullmatch(data) else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style or None)

    def number(self, data: float) -> Any:
        """A float: always with a dot, without which some YAML 1.1 readers take ``1e-05`` for text."""
        text = repr(data)
        mantissa, e, exponent = text.partition("e")
        text = f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
        return self.represent_scalar("tag:yaml.org,2002:float", text)


_Representer.add_representer(str, _Representer.text)
_Representer.add_representer(float, _Representer.number)


@cache
def _writer() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 120
    yaml.allow_unicode = True
    return yaml


def _fits_block(text: str) -> bool:
    if text.startswith((" ", "\n")):
        return False
    return all(line.isprintable() and line == line.rstrip() for line in text.split("\n"))
