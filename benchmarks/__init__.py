"""Side-by-side measurements that print ratios. Nothing here is asserted on a wall clock."""

import forecaster  # noqa: F401  # first: it tells the libraries to be quiet
