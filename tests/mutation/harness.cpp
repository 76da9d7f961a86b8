// The accelerator's harness, and a switch for mutants.
// Mutants may close combinational loops: every clock is a whole evaluation, until nothing changes.
#undef AUGEND_PHASES
#include AUGEND_HARNESS

extern "C" void augend_mutate(Model* model, unsigned number) {
    model->top.mutant = number;
    model->top.eval();
}
