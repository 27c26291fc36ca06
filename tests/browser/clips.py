"""What a fake webcam shows: a portrait in the public domain, brought near and moved a little, as Motion JPEG."""

import io
from pathlib import Path

from PIL import Image

PORTRAITS = Path(__file__).parents[2] / "models" / "portraits"
SIZE = (640, 480)
FRAMES = 60


def webcam_clip(path: Path, name: str = "grace-hopper") -> Path:
    """Writes the clip, and returns its path; Chromium shows it over and over."""
    with Image.open(PORTRAITS / f"{name}.jpg") as portrait:
        near = portrait.convert("RGB")
    scale = SIZE[1] * 1.15 / near.height
    near = near.resize((round(near.width * scale), round(near.height * scale)))
    path.write_bytes(b"".join(_frame(near, number) for number in range(FRAMES)))
    return path


def _frame(near: Image.Image, number: int) -> bytes:
    """People don't hold still: a few pixels to and fro, and a little light."""
    sway = abs(number % 20 - 10) - 5
    picture = Image.new("RGB", SIZE, (112, 108, 100))
    picture.paste(near, ((SIZE[0] - near.width) // 2 + sway, (SIZE[1] - near.height) // 2 + sway // 2))
    picture = picture.point([min(255, round(value * (1 + sway / 200))) for value in range(256)] * 3)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
