"""The tree of errors: drawn in its docstring, with an exit code for every branch."""

import pickle

import pytest

import device.errors
from device.cli.main import EXIT_CODES
from device.errors import LintelError


def every_error() -> list[type[LintelError]]:
    return [kind for kind in vars(device.errors).values() if isinstance(kind, type) and issubclass(kind, LintelError)]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_error_is_drawn_in_the_tree_with_its_exit_code(kind: type[LintelError]) -> None:
    drawn = [
        line.replace("│", "").split()[:3]
        for line in (device.errors.__doc__ or "").splitlines()
        if "──" in line or "70" in line
    ]
    assert [kind.__name__, str(kind.exit_code)] in [[word for word in line if "─" not in word][:2] for line in drawn]


def test_branches_have_exit_codes_of_their_own() -> None:
    branches = [kind.exit_code for kind in every_error() if LintelError in kind.__bases__]
    assert len(set(branches)) == len(branches)


@pytest.mark.parametrize("kind", every_error()[1:], ids=lambda kind: kind.__name__)
def test_exit_code_is_in_the_help(kind: type[LintelError]) -> None:
    assert f"{kind.exit_code} " in EXIT_CODES


def test_error_carries_what_happened() -> None:
    assert str(LintelError("It broke.", hint="Mend it.")) == "It broke."


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_error_crosses_from_one_process_to_another(kind: type[LintelError]) -> None:
    error = pickle.loads(pickle.dumps(kind("It broke.", hint="Mend it.")))
    assert (type(error), error.message, error.hint) == (kind, "It broke.", "Mend it.")


def test_error_cannot_be_made_without_a_hint() -> None:
    with pytest.raises(TypeError):
        LintelError("It broke.")  # type: ignore[call-arg]
