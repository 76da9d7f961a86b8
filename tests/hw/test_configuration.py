import pytest

from augend.hw.configuration import AcceleratorConfig, ConfigurationError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lanes": 12}, "lanes must be a power of two, not 12"),
        ({"lanes": 0}, "lanes must be an integer of at least 1, not 0"),
        ({"cores": "2"}, "cores must be an integer of at least 1, not '2'"),
        ({"weight_bits": 9}, "weight_bits must be at most 8, not 9"),
        ({"potential_bits": 33}, "potential_bits must be at most 32, not 33"),
        ({"pixel_bits": 10}, "pixel_bits must be at most 8, not 10"),
        (
            {"potential_memory": "ram"},
            "potential_memory must be 'block' or 'distributed', not 'ram'",
        ),
        (
            {"short_memories": "registers"},
            "short_memories must be 'block' or 'distributed', not 'registers'",
        ),
        ({"link_words": 48}, "link_words must be a power of two, not 48"),
        ({"link_words": 8}, "link_words must be at least 16, not 8"),
        ({"queue_words": -1}, "queue_words must be an integer of at least 1, not -1"),
    ],
)
def test_impossible_parameters_are_named(wrong, message):
    with pytest.raises(ConfigurationError) as caught:
        AcceleratorConfig(**wrong)
    assert str(caught.value) == message


def test_widths_follow_from_depths():
    config = AcceleratorConfig(
        lanes=1, cores=4, weight_words=1000, potential_words=1, queue_steps=3, queue_words=7
    )
    assert config.lane_bits == 0
    assert config.weight_address == 10
    assert config.potential_address == 1
    assert config.port_bits == 3
    assert config.queue_depth == 24
