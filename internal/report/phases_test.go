package report_test

import (
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// withPhases is a build of two stages of which everything was measured: what
// prepares it, layers that hits loaded, and exports that took longer than the
// cache saved.
func withPhases() build {
	head, l := observed(92.4, "deps",
		line{number: 1, text: "FROM node:22 AS deps"},
		line{number: 2, text: "RUN apt-get update && apt-get install -y python3 make g++", status: record.Hit, saved: 31.4},
		line{number: 3, text: "COPY package.json package-lock.json ./", status: record.Miss, start: 8.6, seconds: 0.1},
		line{number: 4, text: "RUN npm ci", status: record.Miss, start: 8.7, seconds: 30.2},
		line{number: 6, text: "FROM deps AS build"},
		line{number: 7, text: "COPY . .", status: record.Miss, start: 38.9, seconds: 0.4},
		line{number: 8, text: "RUN npm run lint", status: record.Miss, start: 39.3, seconds: 6.2},
		line{number: 9, text: "RUN npm run build", status: record.Miss, start: 39.3, seconds: 14.1},
		line{number: 11, text: "FROM node:22-slim"},
		line{number: 12, text: "WORKDIR /app", status: record.Hit, saved: 0.1},
		line{number: 13, text: "RUN useradd --system app", status: record.Hit, saved: 0.9},
		line{number: 14, text: "COPY --from=build /src/dist dist", status: record.Miss, start: 53.4, seconds: 0.3},
	)
	for i := range head.Steps {
		switch {
		case i > 5:
			head.Steps[i].Stage = ""
		case i > 2:
			head.Steps[i].Stage = "build"
		}
	}
	for _, id := range []string{"s2", "s5"} {
		l.Steps[id] = timing.Step{}
	}
	// The layers of the first hit, as the step itself was seen to load them.
	head.Steps[0].TransferSeconds = 3.1
	head.Vertices[0].Intervals = append(head.Vertices[0].Intervals, record.Interval{Start: 5.5, End: 8.6, Transfer: true})
	l.Steps["s1"] = timing.Step{Saved: 31.4, Critical: true}
	head.Caches = []record.CacheAccess{
		{Direction: record.Import, Type: "gha", Ref: "deps", Start: 0.9, Seconds: 1.2, Bytes: 41_230},
		{Direction: record.Import, Type: "registry", Ref: "ghcr.io/octo/shop:cache", Start: 0.9, Seconds: 0.6, Error: "403 Forbidden"},
		{Direction: record.Export, Type: "gha", Ref: "deps", Mode: "max", Start: 61.2, Seconds: 31.2, Bytes: 612_000_000},
	}
	l.Phases = []timing.Phase{
		{Kind: timing.PhaseLoad, Name: "[internal] load build definition", Instruction: -1, Start: 0.05, End: 0.9, Bytes: 812, Critical: true},
		{Kind: timing.PhaseImport, Name: "gha deps", Instruction: -1, Start: 0.9, End: 2.1, Bytes: 41_230, Critical: true},
		{Kind: timing.PhaseImport, Name: "registry ghcr.io/octo/shop:cache", Instruction: -1, Start: 0.9, End: 1.5},
		{Kind: timing.PhaseContext, Name: "load build context", Instruction: -1, Start: 2.1, End: 4.3, Bytes: 18_400_000},
		{Kind: timing.PhasePull, Name: "docker.io/library/node:22", Instruction: 0, Start: 2.1, End: 5.5, Bytes: 402_000_000, Critical: true},
		{Kind: timing.PhasePull, Name: "docker.io/library/node:22-slim", Instruction: 8, Start: 2.1, End: 4.0, Bytes: 78_000_000},
		{Kind: timing.PhaseDownload, Name: "RUN apt-get update", Instruction: 1, Start: 5.5, End: 8.6, Bytes: 96_000_000, Critical: true},
		{Kind: timing.PhaseDownload, Name: "RUN useradd --system app", Instruction: 10, Start: 4.0, End: 4.6, Bytes: 310_000},
		{Kind: timing.PhaseExport, Name: "exporting layers", Instruction: -1, Start: 53.7, End: 57.0, Bytes: 512_000_000, Critical: true},
		{Kind: timing.PhasePush, Name: "pushing layers", Instruction: -1, Start: 57.0, End: 61.2, Bytes: 132_000_000, Critical: true},
		{Kind: timing.PhaseCacheExport, Name: "gha deps", Instruction: -1, Start: 61.2, End: 92.4, Bytes: 612_000_000, Critical: true},
	}
	l.Verdicts = []string{"pays: it saved 32 s for 1.2 s", "", "costs more than it saves: 31 s of export for 32 s saved over the last 12 builds"}
	l.ImportSeconds, l.ImportBytes, l.ExportSeconds, l.ExportBytes, l.DownloadSeconds, l.DownloadBytes = 1.2, 41_230, 31.2, 612_000_000, 3.1, 96_310_000
	l.NetSaved = l.Saved - 35.5
	l.Modelled, l.Residue = 86.9, 5.5
	l.WithoutCache, l.WithoutMisses, l.WithoutAvoidable = 89.3, 41.7, 62.0
	l.Lost, l.CauseLost["c1"], l.CauseLost["c2"] = 50.7, 30.4, 14.5
	return build{
		head: head, base: onMain(), ledger: l,
		causes: []cause.Cause{
			{ID: "c1", Kind: cause.ContextFiles, File: "Dockerfile", Line: 3, EndLine: 3, Instruction: "COPY package.json package-lock.json ./", Subject: "package-lock.json",
				Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "package-lock.json", Change: "content", Commit: headSHA}}}, Steps: []string{"s2", "s3", "s4", "s5", "s6", "s9"}},
			{ID: "c2", Kind: cause.ContextFiles, File: "Dockerfile", Line: 7, EndLine: 7, Instruction: "COPY . .", Subject: "src/app.ts",
				Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "src/app.ts", Change: "content"}}}, Steps: []string{"s4", "s5", "s6", "s9"}},
		},
	}
}
