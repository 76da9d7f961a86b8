from random import Random

import pytest

from augend.hw.byte_words import BytesToWords, WordsToBytes

from .streams import gather, put, simulate


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_words_begin_anew_in_each_frame(stall):
    rng = Random(4)
    dut = BytesToWords()
    frames = [bytes(rng.randrange(256) for _ in range(rng.randrange(18))) for _ in range(30)]
    seen = []

    async def watch(ctx):
        async for *_, valid, ready, word, end in ctx.tick().sample(
            dut.words.valid, dut.words.ready, dut.words.payload, dut.end
        ):
            assert not (end and valid)
            if valid and ready:
                seen.append(word)
            if end:
                seen.append("end")

    async def write(ctx):
        for frame in frames:
            tokens = [{"byte": byte, "end": 0} for byte in frame] + [{"byte": 0, "end": 1}]
            await put(ctx, dut.frame, tokens, Random(1), stall)

    async def read(ctx):
        await gather(ctx, dut.words, sum(len(f) // 4 for f in frames), Random(2), stall)

    simulate(dut, write, read, background=[watch])
    expected = []
    for frame in frames:
        whole = len(frame) // 4 * 4
        expected += [int.from_bytes(frame[i : i + 4], "little") for i in range(0, whole, 4)]
        expected.append("end")
    assert seen == expected


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_bytes_of_words_and_an_end_after_the_last(stall):
    rng = Random(7)
    dut = WordsToBytes()
    frames = [[rng.randrange(1 << 32) for _ in range(rng.randrange(1, 5))] for _ in range(12)]
    expected = []
    for frame in frames:
        expected += [byte for word in frame for byte in word.to_bytes(4, "little")] + [None]

    async def write(ctx):
        for frame in frames:
            words = [{"word": w, "last": i == len(frame) - 1} for i, w in enumerate(frame)]
            await put(ctx, dut.words, words, Random(1), stall)

    async def read(ctx):
        came = await gather(ctx, dut.frame, len(expected), Random(2), stall)
        assert [None if one.end else one.byte for one in came] == expected

    simulate(dut, write, read)
