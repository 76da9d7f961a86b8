// The accelerator's harness, and where its memories lie: made public, they can be written.
#include <cstdio>
#include <string>

#include AUGEND_HARNESS
#include "verilated_sym_props.h"
#include "verilated_syms.h"

// A line for each memory: its scope, its name, its address, its rows and bits a row.
extern "C" const char* augend_memories(Model* model) {
    static std::string lines;
    lines.clear();
    for (const auto& [name, scope] : *model->context.scopeNameMap()) {
        if (!scope->varsp()) continue;
        for (auto& [variable, found] : *scope->varsp()) {
            if (found.udims() != 1) continue;
            char place[64];
            std::snprintf(place, sizeof place, " %llu %d %d\n",
                          static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(found.datap())),
                          found.elements(1), static_cast<int>(found.entBits()));
            lines += std::string(scope->name()) + " " + variable + place;
        }
    }
    return lines.c_str();
}
