"""One typed function per capability, over a forecast backend; the same for every kind of assistant."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
