"""The table of settings as data, for `lintel config` and the docs: what each means, is by default, and can be.

A group is a table of the file: `vision`, and below another one `doors.readers`. `root` is another file's table.
"""

from collections.abc import Iterator

import msgspec
from msgspec.inspect import StructType

from device.settings.tables import Settings

Root = type[msgspec.Struct]


def setting_meanings(root: Root = Settings) -> dict[tuple[str, str], str]:
    """What each setting means, by (group, name)."""
    return {key: str(_schema(field).get("description", "")) for key, field in _settings(root)}


def setting_defaults(root: Root = Settings) -> dict[tuple[str, str], object]:
    """What each setting is where the file leaves it out, by (group, name); `msgspec.NODEFAULT` where it may not."""
    return {key: field.default for key, field in _settings(root)}


def setting_choices(root: Root = Settings) -> dict[tuple[str, str], tuple[str, ...]]:
    """The values that a setting is one of, by (group, name); none for other kinds."""
    return {key: _choices(field.type) for key, field in _settings(root)}


def setting_refusals(root: Root = Settings) -> dict[tuple[str, str], str]:
    """Of each setting that has one value so far, the sentence for any other, by (group, name)."""
    extras = {key: _extra(field) for key, field in _settings(root)}
    return {key: str(extra["refused"]) for key, extra in extras.items() if "refused" in extra}


def list_groups(root: Root = Settings) -> frozenset[str]:
    """The groups of which a file has a table for each, `[[doors.readers]]`."""
    return frozenset(group for group, is_list, _ in _groups(_table(msgspec.inspect.type_info(root))) if is_list)


def _settings(root: Root) -> Iterator[tuple[tuple[str, str], msgspec.inspect.Field]]:
    for group, _, table in _groups(_table(msgspec.inspect.type_info(root))):
        yield from (((group, field.name), field) for field in table.fields if _inner_table(field.type) is None)


def _groups(table: StructType, above: str = "") -> Iterator[tuple[str, bool, StructType]]:
    """Each table below one, with its name and whether it is one of a list."""
    for field in table.fields:
        if (inner := _inner_table(field.type)) is not None:
            yield f"{above}{field.name}", not isinstance(_bare(field.type), StructType), inner
            yield from _groups(inner, f"{above}{field.name}.")


def _inner_table(kind: msgspec.inspect.Type) -> StructType | None:
    """The table that a group is, or that a list of groups has for each; None for a single setting."""
    bare = _bare(kind)
    inner = _bare(bare.item_type) if isinstance(bare, msgspec.inspect.VarTupleType) else bare
    return inner if isinstance(inner, StructType) else None


def _table(kind: msgspec.inspect.Type) -> StructType:
    assert isinstance(kind, StructType)
    return kind


def _bare(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind


def _choices(kind: msgspec.inspect.Type) -> tuple[str, ...]:
    inner = _given(_bare(kind))
    if isinstance(inner, msgspec.inspect.EnumType):
        return tuple(str(one.value) for one in inner.cls)
    return tuple(map(str, inner.values)) if isinstance(inner, msgspec.inspect.LiteralType) else ()


def _given(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    """What a setting is that may be left out; a kind that has no other one is itself."""
    if not isinstance(kind, msgspec.inspect.UnionType):
        return kind
    given = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
    return _bare(given[0]) if len(given) == 1 else kind


def _schema(field: msgspec.inspect.Field) -> dict[str, object]:
    return (field.type.extra_json_schema if isinstance(field.type, msgspec.inspect.Metadata) else None) or {}


def _extra(field: msgspec.inspect.Field) -> dict[str, object]:
    return (field.type.extra if isinstance(field.type, msgspec.inspect.Metadata) else None) or {}
