from dataclasses import replace

from augend.hw.configuration import AcceleratorConfig
from augend.hw.identity import VERSION, Identity, configuration_check, identity_words

CONFIG = AcceleratorConfig(lanes=64, cores=3, populations=9, link_words=2048)


def test_what_is_told_is_read():
    who, sizes, check = identity_words(CONFIG)
    told = Identity.read([who, sizes | 0xFEDC << 16, 1, 2, 3, check])
    expected = (VERSION, 64, 3, 9, 2048, 0xFEDC, 1 | 2 << 32, 3, configuration_check(CONFIG))
    assert told == expected
    assert sizes < 1 << 16 and who < 1 << 32


def test_accelerators_that_differ_in_one_parameter_differ_in_the_check():
    others = {configuration_check(replace(CONFIG, **{n: 2})) for n in ("input_banks", "lanes")}
    assert configuration_check(CONFIG) not in others and len(others) == 2
    assert configuration_check(replace(CONFIG)) == configuration_check(CONFIG)
