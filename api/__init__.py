"""The REST surface."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
