package report_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

const (
	headSHA = "8d3f1c9a5b7e2046c1d8e9f0a1b2c3d4e5f60718"
	baseSHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
)

// a build is what the stages before this one hand over.
type build struct {
	head        *record.Record
	base        *report.Comparison
	causes      []cause.Cause
	ledger      timing.Ledger
	suggestions []advice.Suggestion
	best        *advice.Set
	warnings    []string
	past        []*record.Record // before the head, the newest first
	price       timing.Price
}

func (b build) report() report.Report {
	r := report.New(b.head, b.base, b.causes, b.ledger, advice.Advice{Suggestions: b.suggestions, Best: b.best}, b.warnings)
	r.SetPrice(b.price)
	r.SetPast(append([]*record.Record{b.head}, b.past...))
	r.Links = report.Links{
		Server: "https://github.com", Repository: "octo/shop", Commit: headSHA,
		RunID: "123456", Page: ".layercause/report.html",
	}
	return r
}

// line is one instruction of a Dockerfile and what became of its step.
type line struct {
	number  int
	text    string
	status  record.StepStatus // empty: not a step
	seconds float64
	start   float64
	saved   float64
}

// observed makes a record and a ledger of lines. Steps are s1, s2, …
func observed(wall float64, stage string, lines ...line) (*record.Record, timing.Ledger) {
	r := &record.Record{
		Schema:     record.Schema,
		StartedAt:  time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC),
		Seconds:    wall,
		Status:     record.Succeeded,
		Invocation: record.Invocation{Context: ".", Dockerfile: "Dockerfile"},
		Commit:     record.Commit{Repository: "octo/shop", SHA: headSHA, Ref: "refs/pull/7/merge", Branch: "cart", BaseBranch: "main"},
		Dockerfile: record.Dockerfile{Path: "Dockerfile"},
	}
	l := timing.Ledger{Wall: wall, Steps: map[string]timing.Step{}, CauseLost: map[string]float64{}}
	for i, in := range lines {
		command, _, _ := strings.Cut(in.text, " ")
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, record.Instruction{
			Command: command, Text: in.text, Line: in.number, EndLine: in.number,
		})
		if in.status == "" {
			continue
		}
		id := fmt.Sprintf("s%d", len(r.Steps)+1)
		v := record.Vertex{Step: id, Instruction: i, Status: in.status}
		if in.status != record.NotRun {
			v.Intervals = []record.Interval{{Start: in.start, End: in.start + in.seconds}}
		}
		r.Vertices = append(r.Vertices, v)
		r.Steps = append(r.Steps, record.Step{
			ID: id, Instruction: i, Stage: stage, Platform: "linux/amd64", Status: in.status,
			Seconds: in.seconds, Vertices: []int{len(r.Vertices) - 1},
		})
		l.Steps[id] = timing.Step{Saved: in.saved, Critical: in.status == record.Miss}
		l.Saved += in.saved
	}
	return r, l
}

func onMain() *report.Comparison {
	return &report.Comparison{Ref: "refs/heads/main", Commit: baseSHA, Why: report.WhyNearest}
}

// scenarios are the realistic reports whose renderings stand in testdata.
func scenarios() map[string]build {
	return map[string]build{
		"first-build":    firstBuild(),
		"one-cause":      oneCause(),
		"several-causes": severalCauses(),
		"failed":         failedBuild(),
		"all-hit":        allHit(),
		"unexplained":    unexplained(),
		"many-files":     manyFiles(),
		"phases":         withPhases(),
		"trend":          trend(),
	}
}

func nodeLines(copyStatus record.StepStatus) []line {
	ran := func(s float64) float64 {
		if copyStatus == record.Miss {
			return s
		}
		return 0
	}
	at := func(s float64) float64 {
		if copyStatus == record.Miss {
			return s
		}
		return 0.5 // hits are looked up, and that is quick
	}
	saved := func(s float64) float64 {
		if copyStatus == record.Hit {
			return s
		}
		return 0
	}
	return []line{
		{number: 1, text: "FROM node:22 AS build"},
		{number: 2, text: "WORKDIR /app", status: record.Hit, saved: 0.2},
		{number: 3, text: "RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client", status: record.Hit, saved: 71.8},
		{number: 6, text: "COPY . .", status: copyStatus, start: at(1.2), seconds: ran(0.4), saved: saved(0.4)},
		{number: 7, text: "RUN npm ci", status: copyStatus, start: at(1.6), seconds: ran(36.1), saved: saved(36.1)},
		{number: 8, text: "RUN npm run build", status: copyStatus, start: at(37.7), seconds: ran(4.7), saved: saved(4.7)},
	}
}

func oneCause() build {
	head, l := observed(43.6, "build", nodeLines(record.Miss)...)
	head.Caches = []record.CacheAccess{
		{Direction: record.Import, Type: "registry", Ref: "ghcr.io/octo/shop:cache", Start: 0.1, Seconds: 0.9, Bytes: 84_310},
		{Direction: record.Export, Type: "registry", Ref: "ghcr.io/octo/shop:cache", Mode: "max", Start: 42.4, Seconds: 1.2, Bytes: 148_200_000},
	}
	l.Lost, l.CauseLost["c1"] = 41.2, 41.2
	l.ImportSeconds, l.ImportBytes, l.ExportSeconds, l.ExportBytes = 0.9, 84_310, 1.2, 148_200_000
	l.NetSaved = l.Saved - 2.1
	return build{
		head: head, base: onMain(), ledger: l,
		causes: []cause.Cause{{
			ID: "c1", Kind: cause.ContextFiles, File: "Dockerfile", Line: 6, EndLine: 6, Instruction: "COPY . .",
			Subject: "src/app.ts", Detail: "COPY . . takes src/app.ts, whose content changed.",
			Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "src/app.ts", Change: "content", Commit: headSHA}}},
			Steps:    []string{"s3", "s4", "s5"},
		}},
		suggestions: []advice.Suggestion{{
			Rule: "deps-before-source", Title: "Copy package.json and package-lock.json before the source",
			File: "Dockerfile", Line: 6, EndLine: 7,
			Patch: `--- a/Dockerfile
+++ b/Dockerfile
@@ -3,6 +3,7 @@
 RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client
 
 # The shop's sources
+COPY package.json package-lock.json ./
-COPY . .
 RUN npm ci
+COPY . .
 RUN npm run build
`,
			Predicted: advice.Prediction{Commits: 20, CommitsSaved: 17, MissesBefore: 54, MissesAfter: 23, SecondsSavedPerBuild: 36.1},
		}},
	}
}

func allHit() build {
	head, l := observed(1.4, "build", nodeLines(record.Hit)...)
	head.Caches = []record.CacheAccess{{Direction: record.Import, Type: "gha", Ref: "shop", Start: 0.1, Seconds: 0.9}}
	l.ImportSeconds, l.NetSaved, l.SavedIsBound = 0.9, l.Saved-0.9, true
	return build{head: head, base: onMain(), ledger: l}
}

func firstBuild() build {
	lines := nodeLines(record.Miss)
	lines[1] = line{number: 2, text: "WORKDIR /app", status: record.Miss, start: 0.9, seconds: 0.1}
	lines[2].status, lines[2].saved, lines[2].seconds, lines[2].start = record.Miss, 0, 71.8, 1.0
	for i := 3; i < len(lines); i++ {
		lines[i].start += 71.6
	}
	head, l := observed(115.4, "build", lines...)
	head.Commit.SHA = baseSHA
	l.Lost = 0
	return build{
		head: head, ledger: l,
		causes: []cause.Cause{{
			ID: "c1", Kind: cause.FirstBuild, File: "Dockerfile", Line: 2, EndLine: 2, Instruction: "WORKDIR /app",
			Detail:   "No earlier record of this build was found.",
			Evidence: cause.Evidence{Searched: []string{"the record directory", "the branch cart", "the default branch main"}},
			Steps:    []string{"s1", "s2", "s3", "s4", "s5"},
		}},
	}
}

func severalCauses() build {
	head, l := observed(98.2, "build",
		line{number: 1, text: "ARG NODE=22"},
		line{number: 2, text: "FROM node:${NODE} AS build"},
		line{number: 3, text: "ARG COMMIT"},
		line{number: 4, text: "RUN apt-get update && apt-get install -y git | tee /log", status: record.Miss, start: 1.1, seconds: 52.3},
		line{number: 6, text: "COPY package.json package-lock.json ./", status: record.Hit, saved: 0.1},
		line{number: 7, text: "RUN --mount=type=cache,target=/root/.npm npm ci", status: record.Miss, start: 53.4, seconds: 31.2},
		line{number: 9, text: "COPY src/ src/", status: record.Miss, start: 1.2, seconds: 0.02},
		line{number: 10, text: "RUN npm run build", status: record.Miss, start: 84.6, seconds: 9.4},
		line{number: 14, text: "COPY <<EOF /etc/motd\nhello\nEOF", status: record.Hit, saved: 0.1},
		line{number: 18, text: "RUN ./tool/check", status: record.NotRun},
	)
	for i := range head.Steps {
		if i > 4 {
			head.Steps[i].Stage = "final"
		}
	}
	head.Caches = []record.CacheAccess{
		{Direction: record.Import, Type: "gha", Ref: "shop", Start: 0.1, Seconds: 0.8, Error: "failed to get cache entry: 403 Forbidden"},
		{Direction: record.Export, Type: "gha", Ref: "shop", Start: 94.2, Seconds: 4.0, Bytes: 12_400_000},
	}
	head.Checks = []record.Check{
		{Rule: "UndefinedVar", Description: "Variables should be defined before their use", URL: "https://docs.docker.com/go/dockerfile/rule/undefined-var/",
			File: "Dockerfile", Line: 4, EndLine: 4, Message: "Usage of undefined variable '$VERSOIN' (did you mean $VERSION?)"},
		{Rule: "JSONArgsRecommended", Description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
			URL: "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/", File: "Dockerfile", Line: 19, EndLine: 20,
			Message: "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals"},
	}
	l.Lost, l.ImportSeconds, l.ExportSeconds, l.ExportBytes, l.NetSaved = 92.6, 0.8, 4.0, 12_400_000, -4.6
	l.CauseLost["c1"], l.CauseLost["c2"], l.CauseLost["c3"] = 83.5, 9.1, 0
	files := []cause.FileChange{{Path: "src/a.ts", Change: "added"}, {Path: "src/app.ts", Change: "content"}, {Path: "src/run.sh", Change: "mode"}}
	for i := range 40 {
		files = append(files, cause.FileChange{Path: fmt.Sprintf("src/%s/f%02d.ts", []string{"cart", "pay"}[i%2], i), Change: "content"})
	}
	return build{
		head: head, base: &report.Comparison{Ref: "refs/heads/cart", Commit: baseSHA, Why: report.WhyBranch}, ledger: l,
		causes: []cause.Cause{
			{ID: "c1", Kind: cause.BuildArg, File: "Dockerfile", Line: 3, EndLine: 3, Instruction: "ARG COMMIT", Subject: "COMMIT",
				Detail:   "The build arg COMMIT has another value, and every RUN below its ARG line sees it.",
				Evidence: cause.Evidence{Name: "COMMIT", Before: "hmac:51d0a2", After: "hmac:9c11ef"}, Steps: []string{"s1", "s3", "s5"}},
			{ID: "c2", Kind: cause.ContextFiles, File: "Dockerfile", Line: 9, EndLine: 9, Instruction: "COPY src/ src/", Subject: "src/app.ts",
				Evidence: cause.Evidence{Files: files}, Steps: []string{"s4", "s5"}},
			{ID: "c3", Kind: cause.RerunForChild, File: "Dockerfile", Line: 7, EndLine: 7, Instruction: "RUN --mount=type=cache,target=/root/.npm npm ci", Subject: "",
				Evidence: cause.Evidence{NeededBy: []string{"s5"}}, Steps: []string{"s3"}},
		},
		suggestions: []advice.Suggestion{
			{Rule: "late-arg", Title: "Move `ARG COMMIT` to just above its first reader", File: "Dockerfile", Line: 3, EndLine: 3,
				Patch:     "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,8 +1,8 @@\n ARG NODE=22\n FROM node:${NODE} AS build\n-ARG COMMIT\n RUN apt-get update && apt-get install -y git | tee /log\n \n COPY package.json package-lock.json ./\n RUN --mount=type=cache,target=/root/.npm npm ci\n \n COPY src/ src/\n+ARG COMMIT\n RUN npm run build\n",
				Predicted: advice.Prediction{Commits: 20, CommitsSaved: 17, MissesBefore: 60, MissesAfter: 20, SecondsSavedPerBuild: 83.5},
				Verified:  &advice.Verification{SecondsBefore: 98.2, SecondsAfter: 12.1, SameFiles: true}},
			{Rule: "dockerignore", Title: "Keep .git and node_modules out of the build context", File: ".dockerignore", Line: 1, EndLine: 1,
				Patch:   "--- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1,2 @@\n+.git\n+node_modules\n",
				Assumes: []string{"no step reads .git"}, Predicted: advice.Prediction{SecondsSavedPerBuild: 1.4}},
		},
		best: &advice.Set{Members: []int{0, 1}, Patch: "--- a/Dockerfile\n+++ b/Dockerfile\n",
			Predicted: advice.Prediction{Commits: 20, CommitsSaved: 18, MissesBefore: 60, MissesAfter: 12, SecondsSavedPerBuild: 84.9}},
		warnings: []string{"The cache gha answered 403 Forbidden; the token of a fork cannot read it."},
	}
}

func failedBuild() build {
	lines := nodeLines(record.Miss)
	lines = append(lines, line{number: 9, text: "RUN npm test", status: record.StepFailed, start: 42.4, seconds: 12.3},
		line{number: 10, text: "RUN npm prune --omit=dev", status: record.NotRun})
	head, l := observed(55.1, "build", lines...)
	head.Status = record.Failed
	head.Failure = &record.Failure{
		Message: "process \"/bin/sh -c npm test\" did not complete successfully: exit code: 1\n\n\x1b[31m✗ cart › adds an item\x1b[0m\n  expected 2, got 3\r\n",
		File:    "Dockerfile", Line: 9, EndLine: 9, Step: "s6",
	}
	l.Lost, l.CauseLost["c1"], l.NetSaved = 41.2, 41.2, l.Saved
	one := oneCause()
	one.causes[0].Steps = append(one.causes[0].Steps, "s6")
	return build{head: head, base: onMain(), ledger: l, causes: one.causes}
}

func unexplained() build {
	lines := nodeLines(record.Hit)
	lines[4].status, lines[4].saved, lines[4].seconds, lines[4].start = record.Miss, 0, 36.1, 1.1
	head, l := observed(38.0, "build", lines...)
	l.Lost, l.CauseLost["c1"], l.NetSaved = 36.1, 36.1, l.Saved
	return build{
		head: head, base: onMain(), ledger: l,
		causes: []cause.Cause{{
			ID: "c1", Kind: cause.Unexplained, File: "Dockerfile", Line: 7, EndLine: 7, Instruction: "RUN npm ci",
			Detail:   "The key is the same as before and no cache tells why its result was not used.",
			Evidence: cause.Evidence{Compared: []string{"the instruction", "the environment", "mounts", "the key of COPY . .", "the options"}},
			Steps:    []string{"s4"},
		}},
	}
}

// manyFiles has a rename, files whose commits are known, and more files than are
// listed.
func manyFiles() build {
	head, l := observed(43.6, "build",
		line{number: 1, text: "FROM node:22 AS build"},
		line{number: 2, text: "COPY lib lib", status: record.Miss, start: 1, seconds: 0.2},
		line{number: 3, text: "COPY src src", status: record.Miss, start: 1.2, seconds: 0.4},
		line{number: 4, text: "RUN npm run build", status: record.Miss, start: 1.6, seconds: 4.7},
	)
	l.Lost, l.CauseLost["c1"], l.CauseLost["c2"] = 5.3, 0.4, 0.2
	var files []cause.FileChange
	for i := range 20 {
		files = append(files, cause.FileChange{Path: fmt.Sprintf("src/cart/f%02d.ts", i), Change: "content", Commit: headSHA})
	}
	return build{
		head: head, base: onMain(), ledger: l,
		causes: []cause.Cause{
			{ID: "c1", Kind: cause.ContextFiles, File: "Dockerfile", Line: 3, EndLine: 3, Instruction: "COPY src src", Subject: "src/cart/f00.ts",
				Detail: "1240 files changed, among them src/cart/f00.ts",
				Evidence: cause.Evidence{Files: files, FileCount: 1240, Folders: []cause.Folder{
					{Path: "src/cart", Changes: map[string]int{"content": 900, "added": 20, "mode": 1}, Files: 921},
					{Path: "src/pay", Changes: map[string]int{"removed": 300}, Files: 300},
					{Path: ".", Changes: map[string]int{"added": 1}, Files: 1},
				}}, Steps: []string{"s2", "s3"}},
			{ID: "c2", Kind: cause.ContextFiles, File: "Dockerfile", Line: 2, EndLine: 2, Instruction: "COPY lib lib", Subject: "lib/a.ts",
				Detail: "3 files changed, among them lib/a.ts",
				Evidence: cause.Evidence{Files: []cause.FileChange{
					{Path: "lib/a.ts", Change: "content", Commit: headSHA},
					{Path: "lib/new.ts", Change: "added", RenamedFrom: "lib/old.ts", Commit: baseSHA},
					{Path: "lib/old.ts", Change: "removed", RenamedTo: "lib/new.ts", Commit: baseSHA},
				}}, Steps: []string{"s1", "s3"}},
		},
	}
}
