"""Groups pictures of unknown people by clustering their embeddings, and says how well groups agree with names."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, assert_never

import numpy as np
from numpy.typing import NDArray

from convert.measuring.embedding import embed_images
from device.errors import DependencyMissing, ImageError
from device.images import SUFFIXES
from device.packages import install_hint
from device.vision.faces import FaceAnalyzer

Labels = NDArray[np.int64]
"""int64 [n]: which group, or which person, each face belongs to."""


class Method(StrEnum):
    """How faces are grouped."""

    AVERAGE = "average"
    """Agglomerative, average linkage: two groups become one while their mean similarity is above the threshold."""
    DBSCAN = "dbscan"
    """Chains of faces, each at least as similar to the next as the threshold (Ester et al. 1996)."""
    HDBSCAN = "hdbscan"
    """Groups that stay together over many thresholds (Campello et al. 2013); it takes none."""


MAX_FACES = {Method.AVERAGE: 20_000, Method.DBSCAN: 100_000, Method.HDBSCAN: 10_000}
"""Where a workstation's memory ends: at its limit average linkage takes 3.3 GB and HDBSCAN 2.1 GB, and both grow with
the square; DBSCAN keeps only the pairs that reach the threshold.
"""


class Algorithm(Protocol):
    """What scikit-learn's algorithms have in common."""

    def fit_predict(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """The group of each vector [n, length]; -1 for one that is alone."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far groups agree with names.

    `precision`: how much of what is together belongs together; `recall`: how much of what belongs together is together.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Clustering:
    """The groups of pictures, the largest first, and the pictures that gave no face, with the reason."""

    groups: tuple[tuple[Path, ...], ...]
    failures: dict[Path, str]

    @property
    def faces(self) -> int:
        """In all groups."""
        return sum(len(group) for group in self.groups)

    @property
    def alone(self) -> tuple[Path, ...]:
        """The pictures whose group is themselves."""
        return tuple(group[0] for group in self.groups if len(group) == 1)


def face_files(folder: Path, method: Method) -> tuple[Path, ...]:
    """The pictures in a folder and all below it, sorted. Raises `ImageError` for too few or too many."""
    paths = tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()))
    if len(paths) < 2:
        raise ImageError(
            f"{folder} holds {len(paths) or 'no'} picture{'s' * (len(paths) != 1)}, expected at least two.",
            hint="Name another folder.",
        )
    if len(paths) > MAX_FACES[method]:
        raise ImageError(
            f"{folder} holds {len(paths)} pictures, expected at most {MAX_FACES[method]} for {method}: more do not fit "
            "into a workstation's memory.",
            hint=f"Take a part of them; --method dbscan takes {MAX_FACES[Method.DBSCAN]}.",
        )
    return paths


def algorithm(method: Method, threshold: float | None) -> Algorithm:
    """The algorithm that groups faces at a threshold, a similarity. Raises `DependencyMissing` without scikit-learn.

    Raises `ValueError` for a threshold where none is taken, and for none where one is.
    """
    if (threshold is None) != (method is Method.HDBSCAN):
        raise ValueError(f"{method} with threshold {threshold}")
    try:
        from sklearn import cluster as sklearn  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise DependencyMissing(
            "scikit-learn is not installed, which groups the faces.", hint=install_hint("convert")
        ) from None
    distance = 1.0 - (threshold or 0.0)
    chosen: Algorithm
    match method:
        case Method.AVERAGE:
            chosen = sklearn.AgglomerativeClustering(
                n_clusters=None, metric="cosine", linkage="average", distance_threshold=distance
            )
        case Method.DBSCAN:
            chosen = sklearn.DBSCAN(eps=distance, min_samples=2, metric="cosine")
        case Method.HDBSCAN:
            chosen = sklearn.HDBSCAN(min_cluster_size=2, metric="cosine", copy=True)
        case _:
            assert_never(method)
    return chosen


def cluster(
    paths: Sequence[Path], analyzer: FaceAnalyzer, grouping: Algorithm, counter: Callable[[], object]
) -> Clustering:
    """Groups pictures by the face nearest to the middle of each. Raises `ImageError` if fewer than two show one."""
    embedded = embed_images(paths, analyzer, counter)
    acquired = sorted(embedded.embeddings)
    if len(acquired) < 2:
        raise ImageError(
            f"Of {len(paths)} pictures {len(acquired)} show a face, expected at least two.",
            hint=f"The first failure is: {next(iter(embedded.failures.values()))}",
        )
    groups = grouped(np.stack([embedded.embeddings[path] for path in acquired]), grouping)
    members = np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1])
    return Clustering(tuple(tuple(acquired[index] for index in group) for group in members), embedded.failures)


def grouped(vectors: NDArray[np.float32], grouping: Algorithm) -> Labels:
    """The group of each unit vector [n, length], n >= 2: 0 is the largest, of equals the one met first.

    What an algorithm calls noise is a person met once: a group of its own.
    """
    found = np.array(grouping.fit_predict(vectors), np.int64)
    noise = np.flatnonzero(found < 0)
    found[noise] = found.max() + 1 + np.arange(len(noise))
    _, first, names, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    place = np.empty(len(sizes), np.int64)
    place[np.lexsort([first, -sizes])] = np.arange(len(sizes))
    return place[names]


def agreements(clustering: Clustering, folder: Path) -> dict[str, Agreement]:
    """How groups agree with the folders below `folder`, one a person. Raises `ImageError` for a picture in none."""
    members = [(group, path) for group, paths in enumerate(clustering.groups) for path in paths]
    folders = [path.relative_to(folder).parts[:-1] for _, path in members]
    if not all(folders):
        raise ImageError(
            f"{folder} holds pictures outside of people's folders, expected one subfolder for each person.",
            hint="Leave --labelled out, or sort the pictures.",
        )
    groups = np.array([group for group, _ in members], np.int64)
    people = np.unique([names[0] for names in folders], return_inverse=True)[1].astype(np.int64)
    return {"pairwise": pairwise(groups, people), "b-cubed": b_cubed(groups, people)}


def pairwise(groups: Labels, people: Labels) -> Agreement:
    """Over all pairs of faces: the share of those in one group that show one person, and the reverse.

    Where no pair is in a group, or none shows one person, nothing of it is wrong: 1.
    """
    together = _pairs(Counter(zip(groups.tolist(), people.tolist(), strict=True)))
    in_group, mated = _pairs(Counter(groups.tolist())), _pairs(Counter(people.tolist()))
    return Agreement(together / in_group if in_group else 1.0, together / mated if mated else 1.0)


def b_cubed(groups: Labels, people: Labels) -> Agreement:
    """Over all faces, at least one: the mean share of a face's group that is its person, and the reverse.

    A. Bagga, B. Baldwin: Entity-based cross-document coreferencing using the vector space model, 1998. A large group
    does not outweigh all others, as it does in pairs.
    """
    together = Counter(zip(groups.tolist(), people.tolist(), strict=True))
    in_group, mated = Counter(groups.tolist()), Counter(people.tolist())
    precision = sum(count * count / in_group[group] for (group, _), count in together.items())
    recall = sum(count * count / mated[person] for (_, person), count in together.items())
    return Agreement(precision / len(groups), recall / len(groups))


def _pairs(sizes: Mapping[object, int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())
