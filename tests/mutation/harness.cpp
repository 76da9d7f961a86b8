// The accelerator's harness, and a switch for mutants.
#include AUGEND_HARNESS

extern "C" void augend_mutate(Model* model, unsigned number) {
    model->top.mutant = number;
    model->top.eval();
}
