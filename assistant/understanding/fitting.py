"""Fits the classifiers of intents on texts with their intents; scikit-learn is loaded for this alone."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.knowledge import Encoder
from assistant.understanding.weights import Linear, OfWords

TOGETHER = 8  # texts that are made vectors at once


def fitted_on_words(texts: Sequence[Sequence[str]], intents: Sequence[str]) -> OfWords:
    """A classifier of texts (n,), each as the words that it is seen as, with their intents (n,)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    features = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    linear = _fitted(0.6, features.fit_transform(texts), intents)
    place = {word: at for at, word in enumerate(features.get_feature_names_out().tolist())}
    return OfWords(place, features.idf_, linear)


def fitted_on_meaning(texts: Sequence[str], intents: Sequence[str], encoder: Callable[[], Encoder]) -> Linear:
    """A classifier of the texts' vectors, which also know words that no text has."""
    own = list(dict.fromkeys(texts))
    parts = (own[at : at + TOGETHER] for at in range(0, len(own), TOGETHER))
    vectors = dict(zip(own, (vector for part in parts for vector in encoder().encode(part)), strict=True))
    return _fitted(2.0, [vectors[text] for text in texts], intents)


def _fitted(weight: float, vectors: "Sequence[NDArray[np.float32]]", intents: Sequence[str]) -> Linear:
    """Lines between the classes, in the order of their names; the larger `weight`, the closer to each example."""
    from sklearn.svm import LinearSVC

    found = LinearSVC(C=weight, random_state=0).fit(vectors, intents)
    return Linear(np.ascontiguousarray(found.coef_.T), found.intercept_)
