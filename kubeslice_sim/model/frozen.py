"""A mapping that never changes, so that every noun can be hashed and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

V = TypeVar("V")


class FrozenMap(dict[str, V], Generic[V]):
    """An immutable, hashable, insertion-ordered mapping with string keys; equal to any equal mapping.

    It is a dict without the methods that change one, for a dict's speed: reconcilers look into millions of them.
    """

    __slots__ = ("_hash",)

    def __init__(self, items: Mapping[str, V] | None = None, /, **more: V) -> None:
        super().__init__(items or (), **more)
        self._hash: int | None = None

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        if self._hash is None:
            self._hash = hash(frozenset(self.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"FrozenMap({super().__repr__()})"

    def __reduce__(self) -> tuple[type[FrozenMap[V]], tuple[dict[str, V]]]:
        return (FrozenMap, (dict(self),))

    def with_items(self, items: Mapping[str, V] | None = None, /, **more: V) -> FrozenMap[V]:
        """The same mapping with these items set."""
        return FrozenMap({**self, **(items or {}), **more})

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a FrozenMap does not change; see with_items")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

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
    if type(value) is str or type(value) is FrozenMap:
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
