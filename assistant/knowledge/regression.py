"""Kernel ridge regression on questions' vectors: how near a question is to each topic, given questions of each.

`python -m assistant.knowledge` solves for the weights and writes them down beside the vectors, in topics.npz. Where
questions were changed since, nothing is shipped for them, and the library solves for its own when it opens.

Saunders, Gammerman and Vovk (1998), Ridge regression learning algorithm in dual variables; with NumPy, since loading
scikit-learn takes 150 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge.encoder import Vectors

SHIPPED = Path(__file__).with_name("topics.npz")
SHARPNESS = 3.0  # of the kernel: how quickly a question counts less for those that mean something else
RIDGE = 0.1  # added to the kernel's diagonal; the larger, the less a single question counts
STEPS = 127  # from 0 to the largest component of a vector: whole numbers are a quarter as large, and as good


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Solved for: about 1 for a question that means the same as one of that place, 0 at all other places."""

    vectors: NDArray[np.int8]  # (questions, 512)
    step: float  # what 1 of `vectors` stands for
    weights: NDArray[np.float32]  # (questions, places)

    @classmethod
    def solved(cls, vectors: Vectors, places: Sequence[int]) -> Self:
        """On questions' vectors, each with the number of its place."""
        step = float(np.abs(vectors).max()) / STEPS
        rounded = np.round(vectors / step).astype(np.int8)
        near = rounded * np.float32(step)
        kernel = _kernel(near @ near.T)
        kernel.flat[:: len(kernel) + 1] += RIDGE
        weights = np.linalg.solve(kernel, np.eye(max(places) + 1, dtype=np.float32)[list(places)])
        return cls(rounded, step, weights)

    @classmethod
    def shipped(cls, digest: str, path: Path = SHIPPED) -> Self | None:
        """The one solved on the questions of that digest; None where there is none."""
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["digest"]) != digest:
                return None
            return cls(kept["vectors"], float(kept["step"]), kept["weights"])

    def save(self, digest: str, path: Path = SHIPPED) -> None:
        """Write it down for `shipped`."""
        np.savez_compressed(path, digest=digest, vectors=self.vectors, step=self.step, weights=self.weights)

    def nearness(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(places,) of a question's vector (512,) to each place."""
        cosines = np.einsum("ij,j->i", self.vectors, vector * np.float32(self.step))
        nearness: NDArray[np.float32] = _kernel(cosines) @ self.weights
        return nearness


def digest_of(questions: Sequence[tuple[int, str]]) -> str:
    """Of questions, each with the number of its place, and of what the regression is told besides."""
    return sha256(repr((SHARPNESS, RIDGE, STEPS, list(questions))).encode()).hexdigest()


def _kernel(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The Gaussian kernel of vectors of length 1: 1 for the same meaning. In place: of 4,000 questions it is 64 MB."""
    cosines -= 1
    cosines *= SHARPNESS
    return np.exp(cosines, out=cosines)
