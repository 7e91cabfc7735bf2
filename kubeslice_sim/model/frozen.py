"""A mapping that never changes, so that every noun can be hashed and compared."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

V = TypeVar("V")


class FrozenMap(Mapping[str, V], Generic[V]):
    """An immutable, hashable, insertion-ordered mapping with string keys; equal to any equal mapping."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[str, V] | None = None, /, **more: V) -> None:
        self._items: dict[str, V] = {**(items or {}), **more}
        self._hash: int | None = None

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    # What Mapping would do with __getitem__ and __iter__, at the speed of a dict.

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default where there is none."""
        return self._items.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def items(self) -> ItemsView[str, V]:
        """The keys with their values, in order."""
        return self._items.items()

    def values(self) -> ValuesView[V]:
        """The values, in order."""
        return self._items.values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return self._items == other._items
        if isinstance(other, Mapping):
            return self._items == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    def __reduce__(self) -> tuple[type[FrozenMap[V]], tuple[dict[str, V]]]:
        return (FrozenMap, (self._items,))

    def with_items(self, items: Mapping[str, V] | None = None, /, **more: V) -> FrozenMap[V]:
        """The same mapping with these items set."""
        return FrozenMap({**self._items, **(items or {}), **more})

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from typing import get_args

        from pydantic_core import core_schema

        (value_type,) = get_args(source) or (Any,)
        if value_type is Any:
            return core_schema.no_info_after_validator_function(
                freeze,
                core_schema.dict_schema(keys_schema=core_schema.str_schema()),
                serialization=core_schema.plain_serializer_function_ser_schema(thaw),
            )
        inner = handler.generate_schema(value_type)
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.dict_schema(keys_schema=core_schema.str_schema(), values_schema=inner),
            serialization=core_schema.wrap_serializer_function_ser_schema(
                lambda value, serialize: serialize(dict(value)),
                schema=core_schema.dict_schema(keys_schema=core_schema.str_schema(), values_schema=inner),
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        return handler(schema["schema"])


def freeze(value: Any) -> Any:
    """JSON-like data with every mapping a FrozenMap and every list a tuple."""
    if type(value) is str:
        return value  # most of all, and what comes next goes through Python's abstract classes
    if isinstance(value, Mapping):
        return FrozenMap({str(key): freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


def thaw(value: Any) -> Any:
    """The reverse of :func:`freeze`: plain dicts and lists, free to change."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [thaw(item) for item in value]
    return value


EMPTY: FrozenMap[Any] = FrozenMap()
