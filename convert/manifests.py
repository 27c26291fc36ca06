"""What the manifests of the three shipped models say: a table of drafts, each sealed with its file's hash and size."""

import hashlib

import msgspec

from convert.alignments import alignment_named
from convert.catalogue import DLIB_RESNET, catalogue
from convert.published.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR, Member
from device.vision.manifest import EmbeddingSpec, Manifest, Preprocessing, Source, TensorSpec
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS

_UNSEALED = "0" * 64


def sealed(draft: Manifest, content: bytes) -> Manifest:
    """The draft with the hash and the size of its file."""
    return msgspec.structs.replace(draft, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def detection_draft() -> Manifest:
    """BlazeFace short range: 896 anchors, each with a box and six key points, and a score."""
    return Manifest(
        manifest_version=2,
        name=DETECTION,
        task="face-detection",
        description="BlazeFace short range: boxes and six key points of faces, as published in MediaPipe.",
        file=f"{DETECTION}.tflite",
        sha256=_UNSEALED,
        size_bytes=1,
        inputs=_tensors((1, 128, 128, 3)),
        outputs=_tensors((1, 896, 16), (1, 896, 1)),
        preprocessing=Preprocessing(color="RGB", scale=1 / 127.5, offset=-1.0),
        source=_source(SHORT_RANGE_DETECTOR),
        license="Apache-2.0",
    )


def landmarks_draft() -> Manifest:
    """The face mesh: 468 points in three dimensions, and the logit of a face's presence."""
    return Manifest(
        manifest_version=2,
        name=LANDMARKS,
        task="face-landmarks",
        description="Face mesh: 468 landmarks of one face, as published in MediaPipe.",
        file=f"{LANDMARKS}.tflite",
        sha256=_UNSEALED,
        size_bytes=1,
        inputs=_tensors((1, 192, 192, 3)),
        outputs=_tensors((1, 1, 1, 1404), (1, 1, 1, 1)),
        preprocessing=Preprocessing(color="RGB", scale=1 / 255, offset=0.0),
        source=_source(FACE_MESH),
        license="Apache-2.0",
    )


def embedding_draft() -> Manifest:
    """dlib's ResNet: the chip it was trained on, and the vector the device makes of its output."""
    entry = catalogue()[DLIB_RESNET]
    alignment = alignment_named(entry.alignment)
    return Manifest(
        manifest_version=2,
        name=EMBEDDING,
        task="face-embedding",
        description=f"{entry.description.rstrip('.')}, quantized.",
        file=f"{EMBEDDING}.tflite",
        sha256=_UNSEALED,
        size_bytes=1,
        inputs=_tensors((1, alignment.size_px, alignment.size_px, 3)),
        outputs=_tensors((1, entry.length)),
        preprocessing=Preprocessing(color="RGB", scale=1.0, offset=0.0),
        source=_source(RESNET_WEIGHTS),
        license=entry.license,
        alignment=alignment,
        embedding=EmbeddingSpec(length=entry.length, normalization="unit-length", mirror="mean"),
    )


def _tensors(*shapes: tuple[int, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(shape=shape, dtype="float32") for shape in shapes)


def _source(member: Member) -> Source:
    package = member.package
    return Source(
        package=package.name,
        version=package.version,
        archive_sha256=package.sha256,
        member=member.path,
        member_sha256=member.sha256,
    )
