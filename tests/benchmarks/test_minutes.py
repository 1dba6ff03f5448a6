"""The three readers that are timed do the same work."""

import numpy as np

from benchmarks.minutes import READERS, write


def test_all_readers_make_the_same_hours_of_a_file_of_minutes(tmp_path):
    file = tmp_path / "minutes.csv"
    write(file, hours=1_500)  # 5 MB: several blocks of whatever a reader takes at a time
    ours, *others = (READERS[name]()(file) for name in READERS)
    assert ours.shape == (6, 1_500)
    for each in others:
        np.testing.assert_allclose(each, ours, rtol=1e-12)
