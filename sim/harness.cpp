// Drives the Verilated accelerator from arrays: words in, words out, and what observers see.
// Verilator spells a double underscore ___05F.
#include <cstdint>
#include <cstring>

#include "Vaugend.h"
#include "verilated.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#ifdef AUGEND_SAIF
#include "verilated_saif_c.cpp"  // the one part of Verilator that no other model needs
#endif

#ifdef AUGEND_PHASES
#include "Vaugend___024root.h"

// Parts of eval(), which Verilator does not declare for others.
bool Vaugend___024root___eval_phase__act(Vaugend___024root*);
bool Vaugend___024root___eval_phase__nba(Vaugend___024root*);
#endif

namespace {

struct Inputs {
    bool reset = false;
    bool valid = false;
    bool ready = false;
    uint32_t payload = 0;
    bool operator==(const Inputs&) const = default;
};

// Where AUGEND_POWER_ON is defined, everything holds random bits when power comes; it is their seed.
struct Context : VerilatedContext {
#ifdef AUGEND_POWER_ON
    Context() {
        randReset(2);
        randSeed(AUGEND_POWER_ON);
    }
#endif
#ifdef AUGEND_SAIF
    Context() { traceEverOn(true); }
#endif
};

struct Model {
    Context context;
    Vaugend top{&context};
    uint64_t clock = 0;  // clocks since the last reset
    bool done = false;
    Inputs seen;         // by the last eval()
#ifdef AUGEND_SAIF
    VerilatedSaifC saif;
    bool traced = false;
    uint64_t dumps = 0;
    Model() { top.trace(&saif, 99); }
#endif
};

template <typename T>
void copy(uint32_t* to, const T& word) {
    const uint64_t value = word;
    std::memcpy(to, &value, sizeof value);
}

template <std::size_t N>
void copy(uint32_t* to, const VlWide<N>& word) {
    for (std::size_t i = 0; i < N; i++) to[i] = word[i];
}

// One clock. Where no input has changed, what only inputs cause is as it was; and a falling edge,
// which nothing listens to, need not be simulated: it is forgotten that the clock is high.
void tick(Model& model, const Inputs& inputs) {
    auto& top = model.top;
    model.clock++;
#ifdef AUGEND_SAIF
    if (model.traced) {  // what stands when the clock rises, once a clock
        top.clk = 0;
        top.host___05Fvalid = inputs.valid;
        top.host___05Fpayload = inputs.payload;
        top.answers___05Fready = inputs.ready;
        top.eval();
        model.saif.dump(++model.dumps);
        top.clk = 1;
        top.eval();
        model.seen = inputs;
        return;
    }
#endif
#ifdef AUGEND_PHASES
    if (inputs == model.seen) {
        Vaugend___024root* root = top.rootp;
        root->__Vtrigprevexpr___TOP__clk__0 = 0;
        Vaugend___024root___eval_phase__act(root);
        Vaugend___024root___eval_phase__nba(root);
        return;
    }
#endif
    top.clk = 0;
    top.eval();
    top.rst = inputs.reset;
    top.host___05Fvalid = inputs.valid;
    top.host___05Fpayload = inputs.payload;
    top.answers___05Fready = inputs.ready;
    top.clk = 1;
    top.eval();
    model.seen = inputs;
}

// A stream of random bits that follows from its seed (xorshift64*, Vigna 2016).
struct Random {
    uint64_t state;
    bool once_in(uint32_t share) {  // with a chance of share / 65536
        if (!share) return false;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (state * 0x2545F4914F6CDD1Dull >> 48) < share;
    }
};

}  // namespace

// Everything that one call to augend_run takes and gives; mirrored in verilated.py.
struct Run {
    const uint32_t* in;         // words to send
    const uint64_t* in_clock;   // earliest clock of each, or null
    int64_t in_count;
    uint32_t* out;              // words received
    uint64_t* out_clock;        // the clock of each, or null
    int64_t out_count;          // return when as many have come
    uint64_t* taken_clock;      // clock in which each word in was taken, or null
    uint64_t seed;              // of pauses, not 0
    uint32_t pause;             // chance in 65536 that the next word is not offered yet, each clock
    uint32_t refuse;            // chance in 65536 that no answer is taken, each clock
    uint64_t most_clocks;       // give up after as many
    uint64_t quiet_clocks;      // and after as many in which no word went either way
    uint64_t* starts;           // clocks of inference starts
    uint64_t* ends;             // clocks in which the prediction first stands
    int64_t marks;              // room in either
    uint32_t* events;           // trace: clock (2 words), source, event word; or null
    int64_t event_words;        // 32-bit words of an event word
    int64_t event_room;         // entries that fit
    int64_t taken;              // results from here on
    int64_t received;
    int64_t started;
    int64_t ended;
    int64_t event_count;
    uint64_t clocks;
};

extern "C" {

Model* augend_create() { return new Model; }

void augend_destroy(Model* model) { delete model; }

void augend_reset(Model* model) {
    for (int i = 0; i < 4; i++) tick(*model, Inputs{.reset = true});
    tick(*model, Inputs{});
    model->clock = 0;
    model->done = false;
}

void augend_run(Model* model, Run* run) {
    auto& top = model->top;
    const uint64_t limit = model->clock + run->most_clocks;
    const uint64_t begin = model->clock;
    uint64_t active = begin;
    Random random{run->seed};
    bool offers = false;  // a word that is offered stays until it is taken
    while (model->clock < limit && (run->received < run->out_count || run->taken < run->in_count)) {
        offers = offers || (run->taken < run->in_count && !random.once_in(run->pause) &&
                            (!run->in_clock || run->in_clock[run->taken] <= model->clock));
        Inputs inputs{.valid = offers, .ready = !random.once_in(run->refuse)};
        if (offers) inputs.payload = run->in[run->taken];
        if (offers && top.host___05Fready) {
            if (run->taken_clock) run->taken_clock[run->taken] = model->clock;
            run->taken++;
            offers = false;
            active = model->clock;
        }
        if (top.answers___05Fvalid && inputs.ready && run->received < run->out_count) {
            if (run->out_clock) run->out_clock[run->received] = model->clock;
            run->out[run->received++] = top.answers___05Fpayload;
            active = model->clock;
        }
        if (top.start && run->started < run->marks) run->starts[run->started++] = model->clock;
        if (top.done && !model->done && run->ended < run->marks) {
            run->ends[run->ended++] = model->clock;
        }
        model->done = top.done;
        if (run->events && top.wrote) {
            const int64_t stride = 3 + run->event_words;
#define OBSERVE(SOURCE)                                                              \
    if ((top.wrote >> SOURCE & 1) && run->event_count < run->event_room) {           \
        uint32_t* entry = run->events + stride * run->event_count++;                 \
        std::memcpy(entry, &model->clock, 8);                                        \
        entry[2] = SOURCE;                                                           \
        uint32_t word[64] = {0};                                                     \
        copy(word, top.words___05F##SOURCE);                                             \
        std::memcpy(entry + 3, word, 4 * run->event_words);                          \
    }
            AUGEND_SOURCES(OBSERVE)
        }
        tick(*model, inputs);
        if (model->clock - active > run->quiet_clocks) break;
    }
    run->clocks = model->clock - begin;
}

#ifdef AUGEND_SAIF
// Begin to count what every signal does, or end it and write it where there is no file. What stands
// now is dumped either way, so that one file begins with what the one before ended with.
void augend_trace(Model* model, const char* file) {
    if (file) model->saif.open(file);
    model->saif.dump(++model->dumps);
    if (!file) model->saif.close();
    model->traced = file;
}
#endif

#if VM_COVERAGE
void augend_coverage(Model* model, const char* file) { model->context.coveragep()->write(file); }
#endif
}
