"""What `lintel --version` says."""

from platform import python_version

from device.errors import LintelError
from device.packages import installed_version


def version_text(*, verbose: bool) -> str:
    """The version; if `verbose`, also the Python, the TFLite runtime and the models in use, or what is wrong with
    them.
    """
    lines = [f"lintel {installed_version()}"]
    return "\n".join([*lines, f"Python {python_version()}", *_runtime(), *_models()] if verbose else lines)


def _runtime() -> list[str]:
    from device.vision.runtime import runtime_in_use

    try:
        runtime, number = runtime_in_use()
    except LintelError as error:
        return [f"runtime: {error.message} {error.hint}"]
    return [f"runtime: {runtime.package} {number}"]


def _models() -> list[str]:
    from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir

    lines = []
    for name in (DETECTION, LANDMARKS, EMBEDDING):
        try:
            manifest = load_model(name, shipped_models_dir()).manifest
            lines.append(f"model {name}: SHA-256 {manifest.sha256[:16]}..., intact")
        except LintelError as error:
            lines.append(f"model {name}: {error.message}")
    return lines
