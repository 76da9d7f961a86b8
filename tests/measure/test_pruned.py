"""What the two forms of pruned weights cost, by hand."""

import numpy as np

from tests.measure.pruned import entries, storage

WEIGHT = np.array(
    [
        [1, 0, 0],
        [0, 0, 2],
        [3, 0, 0],
        [4, 0, 0],
        [5, 0, 0],
    ]
)


def test_entries_of_whole_words():
    assert entries(WEIGHT, "blocks", 2).tolist() == [3, 0, 1]


def test_entries_of_lanes_are_as_many_as_the_fullest_lane_has():
    assert entries(WEIGHT, "banks", 2).tolist() == [3, 0, 1]
    assert entries(WEIGHT, "banks", 4).tolist() == [2, 0, 1]


def test_storage_counts_places_and_rows():
    # 3 words of targets need 2 bits; 4 entries; a row is 3 bits of first and 2 of count.
    assert storage(WEIGHT, "blocks", 2, 4) == 4 * (2 * 4 + 2) + 3 * 5
    assert storage(WEIGHT, "banks", 2, 4) == 4 * 2 * (4 + 2) + 3 * 5
