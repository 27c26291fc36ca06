# Everything sets itself up: `make demo` and `make test` need Python 3.11 (3.12 and 3.13 do), make, and pip's index.

PYTHON := $(or $(PYTHON),$(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& command -v $$python && break; done))
ANY_PYTHON = $(or $(PYTHON),$(error Lintel needs Python 3.11, 3.12 or 3.13, and there is none on the PATH. On Debian: \
	sudo apt install python3 python3-venv. Elsewhere: make PYTHON=/path/to/python3.11))
VENV := .venv/bin
LOCK := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	--constraints requirements/constraints.in pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help deb apt-repository demo test test-all environment dev-environment sources lint tests all-tests device-tests all-device-tests rig soak power-loss pad test-home-assistant test-browser bench mutants emulated-pi emulated-door fuzz fuzz-coverage docs format wheel lock clean test-system test-piuparts test-arm64
.NOTPARALLEL:
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: environment ## play the built-in scenario: a door with simulated peripherals, real portraits, the real models
	@$(VENV)/lintel simulate
	@echo; echo "The same door on a page, with your webcam or without: $(VENV)/lintel simulate --web"

test: ## what every change has to pass: lint, types, tests but for the slow ones
	@$(ANY_PYTHON) scripts/device_tests.py & elsewhere=$$!; \
	$(MAKE) --no-print-directory sources lint tests; here=$$?; wait $$elsewhere && exit $$here

test-all: sources lint all-tests all-device-tests ## the same with the slow tests, and every test of the device elsewhere

environment:
	@$(ANY_PYTHON) scripts/environments.py .venv requirements/device.txt

dev-environment: environment
	@$(PYTHON) scripts/environments.py .venv requirements/dev.txt
	@$(PYTHON) scripts/environments.py .venv requirements/mutants.txt --complete

sources: dev-environment ## fetch what the converter builds from (cached; needs pip's index the first time)
	@echo "sources: published weights and models, into the cache"
	@$(VENV)/lintel-convert build --fetch-only

lint: dev-environment ## style, types, and which module may import which
	@echo "lint: ruff"
	@$(VENV)/ruff check --quiet --output-format concise
	@$(VENV)/ruff format --check --quiet
	@echo "lint: mypy"
	@$(VENV)/mypy
	@echo "lint: import-linter"
	@$(VENV)/lint-imports --no-logo

tests: dev-environment ## the tests but for the slow ones
	@echo "tests: all but the slow ones, $$($(VENV)/python --version)"
	@$(VENV)/python -m pytest -n 3 --dist worksteal -m "not slow"

all-tests: dev-environment ## every test
	@echo "tests: all, $$($(VENV)/python --version)"
	@$(VENV)/python -m pytest -n 3 --dist worksteal

device-tests: dev-environment ## what depends on the version of Python (about 1,740 tests, scripts/device_tests.py says why these) or the runtime
	@$(VENV)/python scripts/device_tests.py

all-device-tests: dev-environment ## every test of the device under other versions of Python and under tflite-runtime
	@$(VENV)/python scripts/device_tests.py --all

bench: dev-environment ## the pipeline against dlib's own, stage by stage
	@$(VENV)/python benchmarks/pipeline.py

fuzz: dev-environment ## a million hostile inputs to each reader's parser, 100,000 pictures, from a seed (make fuzz INPUTS=1000 SEED=2)
	@$(VENV)/python scripts/fuzz_readers.py --inputs $(or $(INPUTS),1000000) --seed $(or $(SEED),1)
	@$(VENV)/python scripts/fuzz_pictures.py --inputs $(or $(INPUTS),100000) --seed $(or $(SEED),1)

fuzz-coverage: dev-environment ## the same guided by coverage: fetches atheris (make fuzz-coverage SECONDS=60, each parser)
	@$(VENV)/python scripts/fuzz_coverage.py --seconds $(or $(SECONDS),60)

mutants: dev-environment ## change the code a little, over and over: do the tests notice? (an hour; SEED=2 MOST=20 ROOM=door)
	@$(VENV)/python scripts/mutants.py --seed $(or $(SEED),1) --most $(or $(MOST),40) --minutes $(or $(MINUTES),60) \
	$(if $(ROOM),--room $(ROOM),--write docs/evidence/mutants.md)

rig: dev-environment ## attack the real service, part by part, and write docs/evidence/rig.md (20 minutes)
	@$(VENV)/python -m tests.rig --jobs 4 --write docs/evidence/rig.md

soak: dev-environment ## swipe at the real service for SECONDS, 300 by default and 1,800 at most, and write docs/evidence/soak.md
	@$(VENV)/python -m tests.soak --seconds $(or $(SECONDS),300) --write docs/evidence/soak.md

test-system: dev-environment ## boot Debian with the units in it (as root: debootstrap, systemd-container), and write docs/evidence/system.md (15 minutes)
	@$(VENV)/python -m tests.system --write docs/evidence/system.md --patience $(or $(PATIENCE),1)

test-arm64: dev-environment ## run the device's tests in the arm64 packages of dist/, emulated (as root: qemu-user, qemu-user-static), and write docs/evidence/arm64.md (60 minutes)
	@$(VENV)/python -m tests.arm64 --write docs/evidence/arm64.md

power-loss: dev-environment ## cut the store's power a thousand times, kill it at every write, and write docs/evidence/power-loss.md (5 minutes)
	@$(VENV)/python -m tests.power_loss --write docs/evidence/power-loss.md

pad: dev-environment ## try the clips of presentation attacks that LINTEL_DATA has, and write docs/evidence/pad.md (10 minutes)
	@$(VENV)/python scripts/pad_evidence.py --write docs/evidence/pad.md $(PAD)

test-home-assistant: dev-environment ## ask Home Assistant's own MQTT integration, and write docs/evidence/home-assistant.md (needs Python 3.13, mosquitto; 5 minutes)
	@$(VENV)/python scripts/home_assistant.py --write docs/evidence/home-assistant.md

test-browser: dev-environment ## drive the page in Debian's Chromium, and write docs/evidence/browser.md (5 minutes)
	@$(VENV)/python scripts/browser_evidence.py --write docs/evidence/browser.md

emulated-door: dev-environment ## open an emulated machine's door with the arm64 package, pull it apart, and write docs/evidence/emulated-door.md (as root; 15 minutes)
	@$(VENV)/python scripts/emulated_door.py --write docs/evidence/emulated-door.md

emulated-pi: dev-environment ## kill the door's process on an emulated Raspberry Pi, and write docs/killed-process.md
	@$(VENV)/python scripts/emulated_pi.py

docs: dev-environment ## write docs/reference.md, door.md, control.md, operators.md and schemas from the code
	@$(VENV)/python scripts/reference.py
	@$(VENV)/python scripts/door_diagram.py
	@$(VENV)/python scripts/control_page.py
	@$(VENV)/python scripts/operators_page.py
	@$(VENV)/python scripts/mqtt_schema.py

format: dev-environment ## put the code in its style
	@$(VENV)/ruff check --quiet --fix
	@$(VENV)/ruff format --quiet

wheel: environment ## build dist/lintel_door-*.whl, models included
	@$(VENV)/python -m hatchling build --target wheel

test-piuparts: dev-environment ## install, upgrade and purge dist/*_amd64.deb by Debian's piuparts (as root: debootstrap, piuparts, apt-utils)
	@$(VENV)/python -m tests.system.piuparts

deb: dev-environment ## build Debian packages into dist/ (needs debhelper, cross compilers; make deb DEB="--release trixie --architecture arm64")
	@$(VENV)/python scripts/debian_package.py $(DEB)

apt-repository: ## sign an apt repository of dist/*.deb into dist/apt (needs apt-utils, gpg; make apt-repository KEY=FINGERPRINT)
	@$(VENV)/python scripts/apt_repository.py --key "$(KEY)"

lock: ## pin the newest versions that go together into requirements/ (needs PyPI)
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --upgrade uv
	@$(LOCK) --extra dev --output-file requirements/dev.txt
	@$(LOCK) --extra test --constraints requirements/dev.txt --output-file requirements/test.txt
	@$(LOCK) --extra build --extra sim --constraints requirements/dev.txt --output-file requirements/device.txt
	@$(LOCK) --extra build --extra pi --constraints requirements/dev.txt --output-file requirements/pi.txt
	@$(LOCK) --extra pi --constraints requirements/pi.txt --output-file packaging/requirements.txt
	@$(LOCK:pyproject.toml=packaging/tools.in) --output-file packaging/tools.txt
	@$(LOCK) --extra test --extra tflite-runtime --output-file requirements/tflite-runtime.txt
	@.venv-lock/bin/uv pip compile --quiet --python-version 3.13.0 --upgrade --generate-hashes --no-emit-index-url \
		--no-annotate --custom-compile-command "make lock" --only-binary habluetooth --only-binary bluetooth-data-tools \
		requirements/home-assistant.in --output-file requirements/home-assistant.txt
	@$(LOCK:pyproject.toml=requirements/mutants.in) --no-deps --output-file requirements/mutants.txt

clean: ## remove what was made here: environments, caches, dist/ (models and fetched sources stay)
	@rm -rf .venv .venv-* .emulated-pi .emulated-door .booted dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
