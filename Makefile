# `make help` says what there is.
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Through the link that scripts/setup makes; by itself pytest-ansible would make a directory of links in the clone.
PYTEST := env ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/.ansible/collections pytest --ansible-unit-inject-only --junitxml
STEP := scripts/step run
LINTS := yaml ansible ruff format types shell changelog
SCENARIOS := $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml))
# The longest come first, so that none of them is alone at the end.
LONG := molecule-bare_metal molecule-kata e2e integration
STEPS := $(LINTS:%=lint-%) $(LONG) unit sanity $(filter-out $(LONG),$(SCENARIOS:%=molecule-%))

.PHONY: help
help:  ## show this
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '%-12s %s\n' "$$target" "$$text"; \
	done

# Using it

.PHONY: setup bench smoke
setup:  ## prepare this clone to run campaigns
	@scripts/setup

bench: setup  ## measure this machine: the whole campaign and its report (ARGS='-e …' for ansible-playbook)
	ansible-playbook bench.yml -i local $(ARGS)

smoke: setup  ## the same, the smallest campaign that shows that everything works
	ansible-playbook bench.yml -i local -e bench_profile=smoke $(ARGS)

# Testing it

.PHONY: test steps count dev test-host lint unit integration sanity molecule e2e benchmark
test:  ## everything below, a few steps at a time; the last line is `N passed, N failed`
	-@$(MAKE) --no-print-directory steps
	@$(MAKE) --no-print-directory count

steps:
	@rm -rf .cache/tests
	@$(MAKE) --no-print-directory --keep-going --jobs=$$(($$(nproc) + 1)) --output-sync=target $(STEPS)

count:
	@scripts/step count $(STEPS)

dev:
	@scripts/setup requirements-dev.txt

test-host: dev
	@scripts/setup-tests

lint: $(LINTS:%=lint-%)  ## yamllint, ansible-lint, ruff, mypy, shellcheck, antsibull-changelog

.PHONY: $(LINTS:%=lint-%)
lint-yaml: dev
	$(STEP) $@ yamllint --strict .

lint-ansible: dev
	$(STEP) $@ ansible-lint

lint-ruff: dev
	$(STEP) $@ ruff check . scripts/step

lint-format: dev
	$(STEP) $@ ruff format --check . scripts/step

lint-types: dev
	$(STEP) $@ mypy

lint-shell: test-host
	$(STEP) $@ shellcheck --external-sources .ci/run scripts/setup scripts/setup-tests scripts/sanity benchmarks/*.sh tests/stand_ins/host/serve \
		roles/images/files/embedded/entrypoint roles/images/files/embedded/nodetool \
		roles/images/files/embedded/cassandra-stress molecule/scylla/files/flaky-runtime \
		$(wildcard roles/*/files/*.sh roles/*/files/*/*.sh molecule/*/files/*.sh)

lint-changelog: dev
	$(STEP) $@ antsibull-changelog lint

unit: dev  ## the pure code, as tables over real files
	$(STEP) $@ $(PYTEST)=.cache/tests/$@/junit.xml tests/unit

integration: test-host  ## plugins, playbooks and the built collection through Ansible
	$(STEP) $@ $(PYTEST)=.cache/tests/$@/junit.xml tests/integration

sanity: dev  ## ansible-test sanity over the built collection
	$(STEP) $@ scripts/sanity .cache/tests/$@

molecule: $(SCENARIOS:%=molecule-%)  ## each role on a fresh host (one role: make molecule-docker)

molecule-%: test-host
	$(STEP) $@ molecule test -s $*

e2e: test-host  ## a whole campaign, its records and its report in a browser
	$(STEP) $@ $(PYTEST)=.cache/tests/$@/junit.xml tests/e2e

benchmark: setup  ## against the same by hand: harness, logs, report, release of Kata, many hosts; how often intervals hold the truth
	python benchmarks/harness.py
	python benchmarks/stress_log.py
	python benchmarks/hdr_log.py
	python benchmarks/report.py
	python benchmarks/intervals.py
	python benchmarks/kata_archive.py
	python benchmarks/scale.py --all

# Releasing it

.PHONY: build clean
build: setup  ## the archive for `ansible-galaxy collection install`
	ansible-galaxy collection build --force

clean:  ## remove what tests and builds have left; results and .venv stay
	rm -rf .cache .*_cache collections katabench-scylla-*.tar.gz
