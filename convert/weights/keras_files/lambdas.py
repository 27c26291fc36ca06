"""Leaves out the last layer of a network's description if it is a Lambda: code, which is never run.

FaceNet's and its relatives' gives vectors unit length, which the door does anyway. Whether a Lambda does no more than
that only its maker knows, so it is left out on request alone.
"""

from typing import Any

from convert.errors import WeightsError

Json = Any
"""What a JSON text holds; nothing about it is known until it is checked."""


def without_final_lambda(config: dict[str, Json]) -> dict[str, Json]:
    """The description of a network without its last layer. Raises `WeightsError` if that is not a Lambda."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(layers, list) or not layers:
        raise _none("its description has no layers")
    if "output_layers" not in inner:
        if not _is_lambda(layers[-1]):
            raise _none(f"its last layer is {_class_of(layers[-1])}")
        return {**config, "config": {**inner, "layers": layers[:-1]}}
    name = _first_name(inner["output_layers"])
    last = next((layer for layer in layers if isinstance(layer, dict) and layer.get("name") == name), None)
    if last is None or not _is_lambda(last):
        raise _none(f"its last layer is {_class_of(last)}")
    before = _history(last.get("inbound_nodes"))
    if before is None:
        raise _none("its Lambda does not follow one layer")
    kept = [layer for layer in layers if layer is not last]
    return {**config, "config": {**inner, "layers": kept, "output_layers": [before]}}


def _is_lambda(layer: Json) -> bool:
    return isinstance(layer, dict) and layer.get("class_name") == "Lambda"


def _class_of(layer: Json) -> str:
    return str(layer.get("class_name"))[:40] if isinstance(layer, dict) else "unknown"


def _first_name(output_layers: Json) -> Json:
    """Of `["last", 0, 0]` or `[["last", 0, 0]]`, the name."""
    found = output_layers
    while isinstance(found, list) and found:
        found = found[0]
    return found


def _history(nodes: Json) -> list[Json] | None:
    """The one tensor that a layer takes, `["before", 0, 0]`, as Keras 2 writes it or Keras 3."""
    found: list[list[Json]] = []
    waiting = [nodes]
    while waiting:
        match waiting.pop():
            case {"keras_history": [str() as name, int() as node, int() as tensor]}:
                found.append([name, node, tensor])
            case dict() as entry:
                waiting += entry.values()
            case [str() as name, int() as node, int() as tensor, *_]:
                found.append([name, node, tensor])
            case list() as values:
                waiting += values
            case _:
                pass
    return found[0] if len(found) == 1 else None


def _none(what: str) -> WeightsError:
    return WeightsError(f"There is no final Lambda to leave out: {what}.", hint="Import it without --leave-out-lambda.")
