"""Words for what a door saw of whether a live person was there: for a row of the audit and for a swipe."""


def presentation_words(scene: float | None, live: float | None, turns: str | None, turned: float | None) -> str:
    """What was looked at, "" for nothing: "scene 0.31, live 0.12, turn too-late turned (34 degrees)"."""
    parts = []
    if scene is not None:
        parts.append(f"scene {scene:.2f}")
    if live is not None:
        parts.append(f"live {live:.2f}")
    if turns:
        parts.append(f"turn {turns}" + (f" ({turned:.0f} degrees)" if turned is not None else ""))
    return ", ".join(parts)
