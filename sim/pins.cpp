// Plays a UART at the pins of any Verilated design, bit by bit: 8 data bits, no parity, 1 stop bit.
#include <cstdint>
#include <deque>

#include "Vaugend.h"
#include "verilated.h"

namespace {

// A line that sends one byte after the other; it is high while there is none.
struct Sender {
    uint32_t frame = 0;   // bits still to be sent, the lowest first
    int bits = 0;         // how many
    uint64_t until = 0;   // clock in which the present bit is over

    bool busy() const { return bits > 0; }

    void begin(uint8_t byte, uint64_t clock, uint64_t divisor) {
        frame = 0x200u | byte << 1;  // stop bit, byte, start bit
        bits = 10;
        until = clock + divisor;
    }

    bool level(uint64_t clock, uint64_t divisor) {
        while (bits && clock >= until) {
            frame >>= 1;
            bits--;
            until += divisor;
        }
        return bits ? frame & 1 : true;
    }
};

// Looks at a line in the middle of every bit, counted from when it first fell.
struct Receiver {
    bool inside = false;
    bool before = true;
    uint64_t begin = 0;
    int bit = 0;
    uint32_t byte = 0;
    uint64_t broken = 0;  // bytes whose start or stop bit was not there

    // Whether a byte is whole.
    bool see(bool level, uint64_t clock, uint64_t divisor) {
        const bool fell = before && !level;
        before = level;
        if (!inside) {
            if (!fell) return false;
            inside = true;
            begin = clock;
            bit = 0;
            byte = 0;
        }
        if (clock != begin + bit * divisor + divisor / 2) return false;
        if (bit == 0) {
            if (level) {
                inside = false;
                broken++;
            }
        } else if (bit == 9) {
            inside = false;
            if (level) return true;
            broken++;
        } else {
            byte |= uint32_t{level} << (bit - 1);
        }
        bit++;
        return false;
    }
};

struct Model {
    VerilatedContext context;
    Vaugend top{&context};
    uint64_t clock = 0;
    uint64_t divisor;
    Sender sender;
    Receiver receiver;
    std::deque<uint8_t> to_send;
    std::deque<uint8_t> received;

    explicit Model(uint64_t clocks) : divisor(clocks) {
        top.AUGEND_RX = 1;
        AUGEND_TIED(top)
        top.AUGEND_CLK = 0;
        top.eval();
    }

    bool sent_all() const { return to_send.empty() && !sender.busy(); }

    // One clock; whether a byte began on one line or ended on the other.
    bool tick() {
        bool active = false;
        bool level = sender.level(clock, divisor);
        if (!sender.busy() && !to_send.empty()) {
            sender.begin(to_send.front(), clock, divisor);
            to_send.pop_front();
            level = false;
            active = true;
        }
        top.AUGEND_RX = level;
        top.AUGEND_CLK = 0;
        top.eval();
        top.AUGEND_CLK = 1;
        top.eval();
        if (receiver.see(top.AUGEND_TX, clock, divisor)) {
            received.push_back(receiver.byte);
            active = true;
        }
        clock++;
        return active;
    }
};

}  // namespace

extern "C" {

Model* augend_pins_create(uint64_t divisor) { return new Model(divisor); }

void augend_pins_destroy(Model* model) { delete model; }

void augend_pins_put(Model* model, const uint8_t* bytes, int64_t count) {
    model->to_send.insert(model->to_send.end(), bytes, bytes + count);
}

// Up to so many bytes that have come.
int64_t augend_pins_get(Model* model, uint8_t* bytes, int64_t most) {
    int64_t count = 0;
    while (count < most && !model->received.empty()) {
        bytes[count++] = model->received.front();
        model->received.pop_front();
    }
    return count;
}

// Clocks until a byte is there (or, if `drain`, until all is sent), or until nothing has happened
// on either line for so many of them.
void augend_pins_advance(Model* model, int drain, uint64_t quiet_clocks) {
    uint64_t active = model->clock;
    while (drain ? !model->sent_all() : model->received.empty()) {
        if (model->clock - active >= quiet_clocks) break;
        if (model->tick()) active = model->clock;
    }
}

int64_t augend_pins_received(const Model* model) { return model->received.size(); }

uint64_t augend_pins_clock(const Model* model) { return model->clock; }

uint64_t augend_pins_broken(const Model* model) { return model->receiver.broken; }
}
