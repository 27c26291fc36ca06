"""Any value within the limits of a setting's type, for Hypothesis."""

from hypothesis import strategies as st
from msgspec import inspect

from device.settings.tables import Settings


def setting_strategy(kind: inspect.Type) -> st.SearchStrategy[object]:
    """Any value of a type of the table of settings."""
    match kind:
        case inspect.Metadata():
            return setting_strategy(kind.type)
        case inspect.UnionType():
            return st.one_of([setting_strategy(member) for member in kind.types])
        case inspect.VarTupleType():
            return st.lists(setting_strategy(kind.item_type), min_size=kind.min_length or 0, max_size=2).map(tuple)
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: setting_strategy(field.type) for field in kind.fields})
    return _single(kind)


def _single(kind: inspect.Type) -> st.SearchStrategy[object]:
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            low, high = (kind.gt if kind.ge is None else kind.ge), kind.le
            return st.floats(low, high, exclude_min=kind.ge is None, allow_nan=False)
        case inspect.StrType():
            return _text(kind)
    raise AssertionError(kind)


def _text(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern and not kind.pattern.startswith("^[^"):
        return st.from_regex(kind.pattern, fullmatch=True).filter(str.isprintable)
    printable = st.characters(codec="utf-8", exclude_categories=["Cc"])
    return st.text(printable, min_size=kind.min_length or 0, max_size=kind.max_length)


any_settings: st.SearchStrategy[Settings] = setting_strategy(inspect.type_info(Settings))  # type: ignore[assignment]
