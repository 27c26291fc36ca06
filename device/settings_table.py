"""The table of settings as data, for `lintel config` and the docs: what each means, is by default, and can be."""

from collections.abc import Iterator

import msgspec

from device.config import Settings


def setting_meanings() -> dict[tuple[str, str], str]:
    """What each setting means, by (group, name)."""
    return {(group.name, name): meaning for group in _groups() for name, meaning in _meanings(_table(group.type))}


def setting_defaults() -> dict[tuple[str, str], object]:
    """What each setting is where nothing is said, by (group, name); `msgspec.NODEFAULT` where something must be."""
    return {(group.name, setting.name): setting.default for group in _groups() for setting in _table(group.type).fields}


def setting_choices() -> dict[tuple[str, str], tuple[str, ...]]:
    """The names that a setting is one of, by (group, name); none for other kinds."""
    return {
        (group.name, setting.name): _choices(setting.type)
        for group in _groups()
        for setting in _table(group.type).fields
    }


def _choices(kind: msgspec.inspect.Type) -> tuple[str, ...]:
    inner = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
    if isinstance(inner, msgspec.inspect.EnumType):
        return tuple(str(one.value) for one in inner.cls)
    return tuple(map(str, inner.values)) if isinstance(inner, msgspec.inspect.LiteralType) else ()


def _groups() -> tuple[msgspec.inspect.Field, ...]:
    settings = msgspec.inspect.type_info(Settings)
    assert isinstance(settings, msgspec.inspect.StructType)
    return settings.fields


def _table(group: msgspec.inspect.Type) -> msgspec.inspect.StructType:
    """The table that a group is, or that a list of groups has for each."""
    table = group.item_type if isinstance(group, msgspec.inspect.VarTupleType) else group
    assert isinstance(table, msgspec.inspect.StructType)
    return table


def _meanings(table: msgspec.inspect.StructType) -> Iterator[tuple[str, str]]:
    for setting in table.fields:
        assert isinstance(setting.type, msgspec.inspect.Metadata)
        yield setting.name, str((setting.type.extra_json_schema or {}).get("description", ""))
