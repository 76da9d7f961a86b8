"""The spiking softmax transcribed: one register, one draw after the other, Python integers."""

from math import floor, log

FRACTION = 16


class Competition:
    """Output spikes of an image so far.

    Parameters
    ----------
    softmax, classes
        Of the network.
    """

    def __init__(self, softmax, classes):
        self.softmax, self.register = softmax, softmax.seed
        self.wins = [0] * classes

    def draw(self):
        """A word of 16 bits."""
        for _ in range(16):
            bit = self.register >> 31 ^ self.register >> 26
            bit ^= self.register >> 24 ^ self.register >> 16
            self.register = (self.register << 1 | bit & 1) & 0xFFFFFFFF
        return self.register & 0xFFFF

    def ticks(self, step):
        """Whether the clock ticks in a step, counted from 0."""
        if self.softmax.clock == "external":
            return (step + 1) % self.softmax.period == 0
        return self.draw() < self.softmax.rate

    def noise(self):
        """A random addend in sixteenths, and the bits that decide between equals."""
        row, low = 16 - self.draw().bit_length(), self.draw()
        mantissa, tie = low >> 10, low & 1023
        part = (mantissa + 0.5) / 64
        v = part / 2**15 if row > 14 else (1 + part) / 2 ** (row + 1)
        number = floor(-log(-log(1 - v)) * 2**24 + 0.5)
        return (number * self.softmax.temperature + 2**23) // 2**24, tie

    def step(self, step, potentials):
        """Numbers of output spikes after a step."""
        if self.ticks(step):
            best = winner = None
            for index, potential in enumerate(potentials):
                addend, tie = self.noise()
                key = potential * FRACTION + addend, tie
                if best is None or key > best:
                    best, winner = key, index
            self.wins[winner] += 1
        return list(self.wins)
