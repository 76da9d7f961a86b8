"""Draw the pictures of the documentation as plain SVG: the same bytes in every run."""

import argparse
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

__all__ = ["PICTURES", "Picture", "main"]

INK = "#1f2933"
FAINT = "#5f6b7a"
FILLS = {
    "plain": "#ffffff",
    "memory": "#e3eefb",
    "logic": "#fdf1d6",
    "file": "#e4f3e5",
    "judge": "#f5e4f0",
    "frame": "#f6f8fa",
}
FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


@dataclass(kw_only=True)
class Picture:
    """A drawing of fixed size on a light ground."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: int = 13,
        anchor: str = "middle",
        bold: bool = False,
        faint: bool = False,
    ) -> None:
        """Put one line of text with its baseline at ``y``."""
        weight = ' font-weight="bold"' if bold else ""
        colour = FAINT if faint else INK
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"'
            f'{weight} fill="{colour}">{escape(words)}</text>'
        )

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        title: str = "",
        *lines: str,
        kind: str = "plain",
        dashed: bool = False,
    ) -> None:
        """Draw a rectangle with a title and smaller lines below it, centred."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="5" '
            f'fill="{FILLS[kind]}" stroke="{INK}" stroke-width="1.2"{dash}/>'
        )
        top = y + h / 2 - (15 * len(lines)) / 2 + 4.5
        if title:
            self.text(x + w / 2, top, title, bold=True)
        for i, line in enumerate(lines):
            self.text(x + w / 2, top + 15 * (i + 1), line, size=11, faint=True)

    def frame(self, x: float, y: float, w: float, h: float, title: str) -> None:
        """Draw a box around others, its title in the upper left corner."""
        self.box(x, y, w, h, kind="frame", dashed=True)
        self.text(x + 10, y + 18, title, anchor="start", bold=True)

    def arrow(self, *points: tuple[float, float], both: bool = False, dashed: bool = False) -> None:
        """Draw a line through points with a head at its end."""
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        start = ' marker-start="url(#head)"' if both else ""
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self.parts.append(
            f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.3" '
            f'marker-end="url(#head)"{start}{dash}/>'
        )

    def svg(self) -> str:
        """The picture as a file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="{FONT}">\n'
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            f'markerHeight="7" orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" '
            f'fill="{INK}"/></marker></defs>\n'
            f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>\n'
        )
        return head + "\n".join(self.parts) + "\n</svg>\n"


def way_of_the_data() -> Picture:
    """From a module to golden model, timing model, RTL and host."""
    p = Picture(width=980, height=372)
    names = [
        ("torch module", "what was trained", "", "file"),
        ("graph", "float layers,", "or a refusal", "plain"),
        ("fold", "bias, batch norm,", "average pooling", "plain"),
        ("normalise", "a scale for each", "population", "plain"),
        ("quantise", "integer weights,", "thresholds, biases", "plain"),
        ("program", "one file,", "name.augend", "file"),
    ]
    w, gap, y, h = 132, 30, 52, 76
    for i, (title, first, second, kind) in enumerate(names):
        x = 14 + i * (w + gap)
        p.box(x, y, w, h, title, *[line for line in (first, second) if line], kind=kind)
        if i:
            p.arrow((x - gap, y + h / 2), (x - 2, y + h / 2))
    p.text(14, 32, "gen: floats in, integers out", anchor="start", bold=True)
    middle = 14 + 5 * (w + gap) + w / 2
    p.arrow((middle, y + h), (middle, 166), (110, 166), (110, 208))
    p.text(470, 158, "from here on, everything is a function of the same integers", faint=True)
    below = [
        (14, 192, "golden model", ("sim: every spike, potential,", "addition"), "judge"),
        (254, 192, "timing model", ("sim: every clock", "of an inference"), "judge"),
        (494, 192, "RTL", ("hw: Amaranth, Verilog,", "run by Verilator"), "logic"),
        (774, 192, "host", ("driver, counts, energy,", "report"), "plain"),
    ]
    for x, width, title, lines, kind in below:
        p.box(x, 210, width, 76, title, *lines, kind=kind)
    for x in (350, 590):
        p.arrow((x, 166), (x, 208))
    p.arrow((870, 166), (870, 208))
    p.arrow((206, 248), (252, 248))
    p.text(229, 240, "spikes", size=10, faint=True)
    p.arrow((688, 248), (772, 248), both=True)
    p.text(730, 240, "packets", size=10, faint=True)
    p.arrow((110, 288), (110, 324), (850, 324), (850, 290))
    p.arrow((350, 288), (350, 324), dashed=True)
    p.text(
        480, 344, "--verify: predictions, scores, spikes, additions and clocks are equal,", size=12
    )
    p.text(480, 361, "or the first difference is named", size=12)
    return p


def accelerator() -> Picture:
    """Link, encoder, router, cores and readout."""
    p = Picture(width=960, height=424)
    p.box(14, 70, 130, 56, "receiver", "checks the CRC")
    p.box(14, 270, 130, 56, "sender", "adds the CRC")
    p.box(190, 70, 130, 256, "controller", "loads memories,", "starts inferences,", "answers")
    p.text(79, 34, "packets in", size=12)
    p.arrow((79, 40), (79, 68))
    p.text(79, 376, "packets out", size=12)
    p.arrow((79, 328), (79, 362))
    p.arrow((144, 98), (188, 98))
    p.arrow((190, 298), (146, 298))
    p.box(390, 70, 130, 84, "encoder", "input memory,", "event queue", kind="memory")
    p.arrow((320, 98), (388, 98))
    p.text(369, 116, "start", size=10, faint=True)
    p.box(
        586, 54, 110, 272, "router", "each core", "names the source", "it listens to", kind="logic"
    )
    p.arrow((520, 112), (584, 112))
    p.text(552, 104, "events", size=10, faint=True)
    for i, y in enumerate((70, 152, 254)):
        p.box(780, y, 150, 64, f"core {'01N'[i]}", "memories, lanes,", "event queue", kind="memory")
        p.arrow((696, y + 22), (778, y + 22))
        p.arrow((780, y + 46), (698, y + 46))
    p.text(855, 240, "...", bold=True)
    p.text(737, 84, "to sinks", size=10, faint=True)
    p.text(737, 132, "emitted", size=10, faint=True)
    p.box(390, 242, 130, 84, "readout", "scores,", "greatest of them", kind="memory")
    p.arrow((855, 318), (855, 352), (455, 352), (455, 328))
    p.text(655, 368, "sums of the last sweep", size=11, faint=True)
    p.arrow((390, 284), (322, 284))
    p.text(355, 276, "scores", size=10, faint=True)
    p.arrow((255, 70), (255, 24), (855, 24), (855, 68), dashed=True)
    p.arrow((455, 24), (455, 68), dashed=True)
    p.arrow((641, 24), (641, 52), dashed=True)
    p.arrow((350, 24), (350, 256), (388, 256), dashed=True)
    p.text(655, 17, "load bus: one row of one memory a clock", size=11, faint=True)
    p.text(480, 410, "solid: event words, packets, sums; dashed: load bus", size=11, faint=True)
    return p


def core() -> Picture:
    """Sequencer, fan-out, sweep, memories, lanes and queue, over the pipeline's stages."""
    p = Picture(width=1040, height=490)
    columns = [
        (300, "issue", "clock c"),
        (460, "read", "c + 1"),
        (614, "add", "c + 2"),
        (752, "compare", "c + 3"),
        (890, "back", "c + 4"),
    ]
    for x, name, clock in columns:
        p.text(x, 22, name, bold=True)
        p.text(x, 38, clock, size=11, faint=True)
    for x in (382, 538, 686, 820):
        p.parts.append(
            f'<path d="M{x} 12 V424" stroke="{FAINT}" stroke-width="0.8" stroke-dasharray="2 4"/>'
        )
    p.text(100, 26, "event words from the router", size=11)
    p.arrow((100, 32), (100, 46), (200, 46), (200, 82), (214, 82))
    p.box(14, 60, 170, 76, "sequencer", "schedule memory,", "loop counter", kind="logic")
    p.box(216, 60, 150, 76, "fan-out", "4 tables, 6 stages", kind="logic")
    p.box(216, 244, 150, 76, "sweep", "three counters", kind="logic")
    p.arrow((184, 114), (214, 114))
    p.arrow((120, 136), (120, 282), (214, 282))
    p.box(392, 60, 136, 76, "weights", "block RAM and", "its output register", kind="memory")
    p.box(392, 152, 136, 76, "parameters", "threshold, bias,", "initial", kind="memory")
    p.box(392, 244, 136, 76, "potentials", "block or", "distributed RAM", kind="memory")
    p.arrow((366, 98), (390, 98))
    p.arrow((366, 120), (376, 120), (376, 268), (390, 268))
    p.arrow((291, 244), (291, 190), (390, 190))
    p.arrow((366, 298), (390, 298))
    p.box(
        552, 60, 124, 260, "lanes", "scale, then", "add the operand:", "weight, bias", "or current"
    )
    p.box(698, 60, 110, 260, "lanes", "compare with", "the threshold,", "subtract it,", "restart")
    for y in (98, 190, 282):
        p.arrow((528, y), (550, y))
    p.arrow((676, 190), (696, 190))
    p.box(836, 144, 118, 92, "event queue", "whole steps", kind="memory")
    p.arrow((808, 190), (834, 190))
    p.text(895, 136, "masks, token", size=11, faint=True)
    p.arrow((954, 190), (1026, 190))
    p.text(992, 182, "emitted", size=11, faint=True)
    p.arrow((733, 320), (733, 352), (490, 352), (490, 322))
    p.text(612, 346, "additions: written in c + 3", size=11, faint=True)
    p.arrow((773, 320), (773, 386), (430, 386), (430, 322))
    p.text(612, 380, "sweeps: written in c + 4", size=11, faint=True)
    p.arrow((895, 236), (895, 440), (60, 440), (60, 138), dashed=True)
    p.text(612, 434, "room for a whole step", size=11, faint=True)
    p.arrow((753, 60), (753, 50), (830, 50))
    p.text(836, 54, "sums to the readout", size=11, faint=True, anchor="start")
    p.text(500, 474, "columns are clocks, counted from a word's visit", size=11, faint=True)
    return p


def fan_out() -> Picture:
    """The fan-out unit's stages, and the order of taps in a worked example."""
    p = Picture(width=960, height=520)
    names = [
        ("expander", "lowest set lane", "of the event word"),
        ("look-up", "row[a], column[b],", "group[g], lane[l]"),
        ("sum", "of 4 potential and", "4 weight addresses"),
        ("beats", "count up: run,", "columns, rows"),
        ("issue", "or hold"),
    ]
    clocks = ["clock 1", "clocks 2, 3", "clock 4", "clock 5", "clock 6"]
    p.text(58, 62, "event word", size=12)
    p.arrow((16, 76), (98, 76))
    for i, ((title, *lines), clock) in enumerate(zip(names, clocks, strict=True)):
        x = 100 + i * 146
        p.box(x, 40, 124, 72, title, *lines, kind="memory" if i == 1 else "logic")
        p.arrow((x + 124, 76), (x + (144 if i < 4 else 190), 76))
        p.text(x + 62, 130, clock, size=11, faint=True)
    p.text(880, 62, "a beat a clock", size=12)
    p.text(880, 104, "potential word,", size=11, faint=True)
    p.text(880, 119, "weight word", size=11, faint=True)

    p.text(
        40,
        176,
        "One axis of a 3-tap kernel, stride 2, padding 1, 7 inputs, 4 outputs",
        bold=True,
        anchor="start",
    )
    cell = 62
    left, top = 290, 206
    p.text(left - 16, top + 4, "input x", anchor="end", size=12)
    for x in range(7):
        p.text(left + x * cell + cell / 2, top + 4, str(x), bold=True)
    rows = [("first output", [], 0), ("first stored place", [], 1), ("number of outputs", [], 2)]
    places = {2: 0, 0: 1, 1: 2}
    taps: list[list[tuple[int, int]]] = []
    for x in range(7):
        taps.append([(o, x + 1 - 2 * o) for o in range(4) if 0 <= x + 1 - 2 * o <= 2])
        rows[0][1].append(taps[x][0][0])
        rows[1][1].append(places[taps[x][0][1]])
        rows[2][1].append(len(taps[x]))
    for title, values, r in rows:
        y = top + 14 + r * 34
        p.text(left - 16, y + 22, title, anchor="end", size=12)
        for x, value in enumerate(values):
            p.box(left + x * cell, y, cell, 34, kind="memory")
            p.text(left + x * cell + cell / 2, y + 22, str(value))
    y = top + 132
    p.text(left - 16, y + 14, "taps met, by", anchor="end", size=12)
    p.text(left - 16, y + 30, "rising output", anchor="end", size=12)
    for x in range(7):
        for k, (o, t) in enumerate(taps[x]):
            p.text(left + x * cell + cell / 2, y + 14 + 16 * k, f"o{o}: k{t}", size=12)
    y = top + 190
    p.text(left - 16, y + 22, "kernel as stored", anchor="end", size=12)
    for i, tap in enumerate((2, 0, 1)):
        p.box(left + i * cell, y, cell, 34, kind="file")
        p.text(left + i * cell + cell / 2, y + 22, f"k{tap}", bold=True)
        p.text(left + i * cell + cell / 2, y + 50, f"place {i}", size=11, faint=True)
    p.text(
        left + 3 * cell + 16,
        y + 16,
        "even taps, descending, then odd taps:",
        anchor="start",
        size=12,
    )
    p.text(
        left + 3 * cell + 16,
        y + 33,
        "what an input meets lies side by side",
        anchor="start",
        size=12,
    )
    p.text(
        480, 504, "an input at even x meets k1; one at odd x meets k2, then k0", size=12, faint=True
    )
    return p


def lane() -> Picture:
    """One lane: two stages of additions, comparisons and wires."""
    p = Picture(width=960, height=384)
    p.text(290, 24, "first stage (add)", bold=True)
    p.text(700, 24, "second stage (compare)", bold=True)
    p.parts.append(
        f'<path d="M506 12 V350" stroke="{FAINT}" stroke-width="0.8" stroke-dasharray="2 4"/>'
    )
    p.text(14, 84, "potential", anchor="start", size=12)
    p.arrow((76, 80), (118, 80))
    p.box(120, 50, 120, 60, "scale", "keep, >> 1, << 1", kind="logic")
    p.box(360, 90, 76, 60, "+", "wraps never", kind="logic")
    p.arrow((240, 80), (300, 80), (300, 108), (358, 108))
    p.box(
        120,
        158,
        180,
        104,
        "operand",
        "nothing,",
        "weight where gated,",
        "bias, or current",
        kind="logic",
    )
    p.arrow((300, 190), (330, 190), (330, 132), (358, 132))
    p.text(14, 184, "weight", anchor="start", size=12)
    p.arrow((66, 180), (118, 180))
    p.text(14, 214, "bias", anchor="start", size=12)
    p.arrow((66, 210), (118, 210))
    p.text(14, 244, "gate", anchor="start", size=12)
    p.arrow((66, 240), (118, 240))
    p.box(120, 288, 180, 46, "current", "kept when captured", kind="memory")
    p.arrow((96, 80), (96, 311), (118, 311))
    p.arrow((210, 288), (210, 264))
    p.box(462, 96, 88, 48, "sum", kind="memory")
    p.arrow((436, 120), (460, 120))
    p.box(586, 90, 124, 60, "excess", "sum - threshold", kind="logic")
    p.arrow((550, 120), (584, 120))
    p.text(402, 238, "threshold, initial", size=12)
    p.box(462, 212, 88, 44, "registers", kind="memory")
    p.arrow((550, 224), (646, 224), (646, 152))
    p.box(748, 50, 110, 56, "spike", "excess >= 0", kind="logic")
    p.arrow((710, 106), (728, 106), (728, 78), (746, 78))
    p.arrow((858, 78), (940, 78))
    p.text(900, 70, "spike", size=12)
    p.box(
        748,
        160,
        110,
        112,
        "next",
        "excess if spike,",
        "else sum;",
        "at the end",
        "initial or 0",
        kind="logic",
    )
    p.arrow((710, 136), (728, 136), (728, 180), (746, 180))
    p.arrow((566, 120), (566, 196), (746, 196))
    p.arrow((550, 246), (746, 246))
    p.arrow((858, 216), (940, 216))
    p.text(900, 208, "next", size=12)
    p.arrow((506, 96), (506, 48), (590, 48))
    p.text(640, 52, "to the readout", size=12)
    p.text(803, 128, "threshold 0: never", size=11, faint=True)
    p.text(
        480,
        372,
        "scaling is wires; there is an adder, a subtractor and no multiplier",
        size=12,
        faint=True,
    )
    return p


def packet() -> Picture:
    """A packet of the host link, word by word."""
    p = Picture(width=960, height=300)
    left, width, h = 120, 640, 40
    rows = [
        ("word 0", [(16, "sequence"), (8, "command"), (8, "magic 0xA6")], "file"),
        ("word 1", [(16, "~length"), (16, "length")], "file"),
        ("word 2 ...", [(32, "payload: length words")], "plain"),
        ("last word", [(32, "CRC-32 (ISO-HDLC) over all words before it")], "judge"),
    ]
    for bit, x in ((31, 0), (16, 16), (15, 16), (8, 24), (7, 24), (0, 32)):
        at = left + x * width / 32
        anchor = "start" if bit in (31, 15, 7) else "end"
        p.text(
            at + (5 if anchor == "start" else -5), 32, str(bit), size=11, faint=True, anchor=anchor
        )
    for i, (name, fields, kind) in enumerate(rows):
        y = 42 + i * (h + 8)
        p.text(left - 14, y + 25, name, anchor="end", size=12)
        x = float(left)
        for bits, words in fields:
            w = bits * width / 32
            p.box(x, y, w, h, kind=kind)
            p.text(x + w / 2, y + 25, words)
            x += w
    for i, line in enumerate(("which packet", "is it whole?", "what for", "is it right?")):
        p.text(left + width + 20, 67 + i * (h + 8), line, anchor="start", size=12, faint=True)
    p.text(
        480, 268, "accepted: the expected number, or the one before it again", size=12, faint=True
    )
    p.text(
        480, 286, "anything else is refused, with the number that is expected", size=12, faint=True
    )
    return p


PICTURES = {
    "way_of_the_data": way_of_the_data,
    "accelerator": accelerator,
    "core": core,
    "fan_out": fan_out,
    "lane": lane,
    "packet": packet,
}
"""Every picture by the name of its file."""


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, help="Folder.")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (folder / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
