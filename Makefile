# Everything that a developer and CI run. Programs go to bin/, what can be made
# again goes to .cache/; both can be removed at any time.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The version of a module as a tools module pins it.
pinned = $(shell cd .ci/tools/$(1) && $(GO) list -m -f '{{.Version}}' $(2))

.PHONY: build buildkitd buildx act lint vuln test bench accuracy ledger-check replay-check demo pictures setup clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/layercause ./cmd/layercause

buildkitd: bin/buildkitd bin/dockerfile-frontend
buildx: bin/buildx
act: bin/act

# The daemon and buildx have modules of their own, so that their dependencies
# stay out of ours. Each is built again only when its pinned version changes.
bin/buildkitd: .ci/tools/buildkitd/go.mod .ci/tools/buildkitd/go.sum
	cd .ci/tools/buildkitd && CGO_ENABLED=0 $(GO) build -trimpath \
		-ldflags '-s -w -X github.com/moby/buildkit/version.Version=$(call pinned,buildkitd,github.com/moby/buildkit)' \
		-o ../../../bin/ github.com/moby/buildkit/cmd/buildctl github.com/moby/buildkit/cmd/buildkitd
	touch bin/buildctl bin/buildkitd

# The program of an image that a "# syntax" line names, of the daemon's version.
bin/dockerfile-frontend: .ci/tools/buildkitd/go.mod .ci/tools/buildkitd/go.sum
	cd .ci/tools/buildkitd && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' \
		-o ../../../bin/ github.com/moby/buildkit/frontend/dockerfile/cmd/dockerfile-frontend
	touch bin/dockerfile-frontend

bin/buildx: .ci/tools/buildx/go.mod .ci/tools/buildx/go.sum
	cd .ci/tools/buildx && CGO_ENABLED=0 $(GO) build -trimpath \
		-ldflags '-s -w -X github.com/docker/buildx/version.Version=$(call pinned,buildx,github.com/docker/buildx)' \
		-o ../../../bin/ github.com/docker/buildx/cmd/buildx
	touch bin/buildx

# Another runner for workflows, which runs one of the README in a test.
bin/act: .ci/tools/act/go.mod .ci/tools/act/go.sum
	cd .ci/tools/act && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o ../../../bin/ github.com/nektos/act
	touch bin/act

bin/staticcheck: .ci/tools/lint/go.mod .ci/tools/lint/go.sum
	cd .ci/tools/lint && $(GO) build -o ../../../bin/ honnef.co/go/tools/cmd/staticcheck
	touch bin/staticcheck

bin/actionlint: .ci/tools/lint/go.mod .ci/tools/lint/go.sum
	cd .ci/tools/lint && $(GO) build -o ../../../bin/ github.com/rhysd/actionlint/cmd/actionlint
	touch bin/actionlint

bin/govulncheck: .ci/tools/lint/go.mod .ci/tools/lint/go.sum
	cd .ci/tools/lint && $(GO) build -o ../../../bin/ golang.org/x/vuln/cmd/govulncheck
	touch bin/govulncheck

lint: bin/staticcheck bin/actionlint
	@unformatted=$$(gofmt -l .ci cmd internal); test -z "$$unformatted" || \
		{ echo "not formatted by gofmt:" $$unformatted >&2; exit 1; }
	$(GO) vet ./... ./.ci/accuracy ./.ci/bench ./.ci/ledger ./.ci/pictures ./.ci/replay
	bin/staticcheck ./... ./.ci/accuracy ./.ci/bench ./.ci/ledger ./.ci/pictures ./.ci/replay
	bin/actionlint

# Its database cannot be reached from everywhere, so this is no part of test.
vuln: bin/govulncheck
	bin/govulncheck ./...

# The longest tests build with a real daemon; packages run one after the other,
# so that none of them measures or times out on another's load.
test: setup lint build buildkitd buildx act
	$(GO) test -p 1 -timeout 30m ./... ./.ci/accuracy ./.ci/ledger ./.ci/pictures
	$(GO) run ./.ci/accuracy -cases 60 -seed 1
	$(GO) run ./.ci/replay -commits 24 -registry-commits 12 -random 1 -scale 0.2 -seconds=false

bench: setup build buildkitd buildx
	$(GO) run ./.ci/bench

# ACCURACY_FLAGS='-seed 1 -only 17' runs one case again.
accuracy: setup build buildkitd
	$(GO) run ./.ci/accuracy $(ACCURACY_FLAGS)

# LEDGER_FLAGS='-only chain-cpu -v' runs one case again. It wants the machine alone.
ledger-check: setup build buildkitd
	$(GO) run ./.ci/ledger $(LEDGER_FLAGS)

# REPLAY_FLAGS='-only min' uses one cache. It wants the machine alone.
replay-check: setup build buildkitd
	$(GO) run ./.ci/replay $(REPLAY_FLAGS)

demo: setup build buildkitd
	.ci/demo

# What a comment and a summary look like, for the documentation. To take over the
# report of the last demo: PICTURES_FLAGS='-report .cache/demo/first-report.json'.
pictures: setup
	$(GO) run ./.ci/pictures $(PICTURES_FLAGS)

# Installs from Debian's packages what is missing.
setup:
	.ci/setup

clean:
	rm -rf bin .cache .layercause
