package main

import (
	"slices"

	"github.com/layercause/layercause/internal/cause"
)

// cases are all of them, in the order of the table.
func cases() []*trial {
	list := slices.Concat(localCases(), outputCases(), coldCases(), warmCases())
	for _, t := range list {
		if t.rate == 0 {
			t.rate = 20
		}
		if t.place == "" {
			t.place = local
		}
	}
	return list
}

// localCases build with the builder's own store and keep the result there, so that
// there is little but steps.
func localCases() []*trial {
	return []*trial{{
		name: "chain-sleep", shape: "chain of 4, waiting",
		doc:   chain("{base}", "sleep 0.8", "sleep 1", "sleep 0.7", "sleep 1.2"),
		edits: []edit{file("step2.txt"), always(file("step4.txt"))},
	}, {
		name: "chain-cpu", shape: "chain of 4, computing",
		doc:   chain("{base}", "cpu 8", "cpu 10", "cpu 7", "cpu 12"),
		edits: []edit{file("step3.txt"), always(file("step4.txt"))},
	}, {
		name: "chain-hits", shape: "chain of 4, nothing else missed",
		doc:   chain("{base}", "sleep 0.8", "cpu 10", "cpu 7", "sleep 0.5"),
		edits: []edit{file("step3.txt")},
	}, {
		name: "chain-argument", shape: "chain of 3 below an ARG",
		doc:   "FROM {base}\nRUN cpu 8\nARG VERSION=0\nRUN sleep 1.1\nCOPY step1.txt /in/\nRUN cpu 12\n",
		edits: []edit{argument("VERSION"), always(file("step1.txt"))},
	}, {
		name: "chain-instruction", shape: "chain of 3, one edited",
		doc:   "FROM {base}\nRUN sleep 0.7\nRUN : {compile} && cpu 11\nCOPY step1.txt /in/\nRUN cpu 10\n",
		edits: []edit{instruction("compile"), always(file("step1.txt"))},
	}, {
		name: "wide-sleep", shape: "4 wide, waiting",
		doc:   wide("{base}", "sleep 2.2", "sleep 1.6", "sleep 1.2", "sleep 0.9"),
		edits: []edit{file("step1.txt"), file("step2.txt")},
	}, {
		name: "wide-cpu", shape: "4 wide, computing",
		doc:   wide("{base}", "cpu 12", "cpu 11", "cpu 10", "cpu 9"),
		edits: []edit{file("step1.txt"), always(file("step2.txt")), always(file("step3.txt"))},
	}, {
		name: "wide-uneven", shape: "6 wide, computing, one long",
		doc:   wide("{base}", "cpu 20", "cpu 6", "cpu 6", "cpu 5", "cpu 5", "cpu 4"),
		edits: []edit{file("step2.txt"), file("step3.txt"), always(file("step1.txt"))},
	}, {
		name: "wide-mixed", shape: "5 wide, waiting and computing",
		doc:   wide("{base}", "sleep 1.5", "cpu 10", "cpu 10", "sleep 1 && cpu 5", "cpu 5 && sleep 1"),
		edits: []edit{file("step2.txt"), always(file("step3.txt")), always(file("step5.txt"))},
	}, {
		name: "wide-threads", shape: "3 wide, each with two threads",
		doc:   wide("{base}", "cpu 8 & cpu 8; wait", "cpu 7 & cpu 7; wait", "cpu 6 & cpu 6; wait"),
		edits: []edit{file("step1.txt"), always(file("step2.txt"))},
	}, {
		name: "wide-bounded", shape: "5 wide, waiting, max-parallelism 2",
		doc:    wide("{base}", "sleep 1.4", "sleep 1.2", "sleep 1", "sleep 0.8", "sleep 0.6"),
		edits:  []edit{file("step1.txt"), always(file("step2.txt")), always(file("step3.txt"))},
		daemon: "--oci-max-parallelism=2",
	}, {
		name: "wide-bounded-cpu", shape: "5 wide, computing, max-parallelism 2",
		doc:    wide("{base}", "cpu 10", "cpu 8", "cpu 7", "sleep 1", "cpu 6"),
		edits:  []edit{file("step2.txt"), always(file("step1.txt")), always(file("step4.txt"))},
		daemon: "--oci-max-parallelism=2",
	}, {
		name: "diamond-sleep", shape: "diamond, waiting",
		doc:   diamond("sleep 0.8", []string{"sleep 1.5", "sleep 1.1"}, "sleep 0.9"),
		edits: []edit{file("step2.txt"), always(file("step3.txt"))},
	}, {
		name: "diamond-cpu", shape: "diamond of 3, computing",
		doc:   diamond("cpu 6", []string{"cpu 10", "cpu 9", "cpu 8"}, "cpu 8"),
		edits: []edit{file("step3.txt"), always(file("step2.txt"))},
	}, {
		name: "multi-stage", shape: "multi-stage service",
		doc:   service("sleep 1.2 && cpu 8", "cpu 14 && mkdir /out && fill 2 /out/app", "cpu 5"),
		edits: []edit{file("lock.txt"), always(file("main.txt"))},
	}, {
		name: "multi-stage-flag", shape: "multi-stage service, one stage without cache",
		doc:   service("cpu 9", "sleep 0.8 && mkdir /out && fill 2 /out/app", "sleep 1"),
		edits: []edit{noCache("build"), always(file("config.txt"))},
	}, {
		name: "shared", shape: "two stages on a shared one",
		doc:   shared("cpu 8", "cpu 12 && fill 1 /out/app", "sleep 1.6 && fill 1 /out/docs"),
		edits: []edit{file("tools.txt"), always(file("docs.txt"))},
	}, {
		name: "base-moved", shape: "chain of 3, on an image that moved",
		doc:   chain("{big}", "cpu 8", "sleep 1", "cpu 9"),
		edits: []edit{moved("big"), always(file("step3.txt"))},
	}, {
		name: "evicted", shape: "chain of 3, the builder's store emptied",
		doc:   chain("{big}", "cpu 8", "sleep 1", "cpu 9"),
		edits: []edit{gone(cause.CacheEvicted), always(file("step3.txt"))},
	}}
}

// outputCases make more of the result, or send more, than steps take.
func outputCases() []*trial {
	return []*trial{{
		name: "context", shape: "chain of 2, 50 MB of context",
		doc:   chain("{base}", "cpu 8", "cpu 10"),
		files: map[string]int{"step1.txt": 50_000_000},
		edits: []edit{file("step1.txt"), always(file("step2.txt"))},
	}, {
		name: "image", shape: "chain of 2, image of 120 MB",
		doc:    chain("{base}", "fill 80 /one", "sleep 0.5 && fill 40 /two"),
		edits:  []edit{file("step1.txt"), always(file("step2.txt"))},
		output: "image",
	}, {
		name: "archive", shape: "4 wide, OCI archive of 80 MB",
		doc:    wide("{base}", "fill 20 /out/1", "cpu 8 && fill 20 /out/2", "sleep 1 && fill 20 /out/3", "fill 20 /out/4"),
		edits:  []edit{file("step2.txt"), always(file("step3.txt"))},
		output: "oci",
	}, {
		name: "folder", shape: "multi-stage service, 60 MB of files",
		doc:    service("cpu 8", "sleep 0.8 && mkdir /out && fill 60 /out/app", "cpu 6"),
		edits:  []edit{file("main.txt"), always(file("config.txt"))},
		output: "local",
	}, {
		name: "push", shape: "chain of 3, pushed",
		doc:    chain("{base}", "cpu 6 && fill 30 /one", "sleep 0.7 && fill 20 /two", "cpu 5 && fill 10 /three"),
		edits:  []edit{file("step2.txt"), always(file("step3.txt"))},
		output: "push",
	}, {
		name: "push-wide", shape: "4 wide, pushed",
		doc:    wide("{big}", "fill 20 /out/1", "cpu 8 && fill 10 /out/2", "sleep 1 && fill 10 /out/3", "cpu 6 && fill 10 /out/4"),
		edits:  []edit{file("step1.txt"), always(file("step4.txt"))},
		output: "push",
	}}
}

// coldCases build as a fresh runner does: what was built before is imported.
func coldCases() []*trial {
	list := []*trial{{
		name: "cold-chain", shape: "chain of 4",
		doc:   chain("{base}", "cpu 8 && fill 10 /one", "sleep 1 && fill 10 /two", "cpu 7", "sleep 0.8 && fill 5 /four"),
		edits: []edit{file("step3.txt"), always(file("step4.txt"))},
		mode:  "max",
	}, {
		name: "cold-hits", shape: "chain of 3, nothing else missed",
		doc:    chain("{base}", "cpu 12 && fill 20 /one", "sleep 1.5", "cpu 10 && fill 5 /three"),
		edits:  []edit{file("step3.txt")},
		output: "push", mode: "max",
	}, {
		name: "cold-download", shape: "chain of 3, 60 MB of layers reused",
		doc:   chain("{base}", "sleep 1 && fill 40 /one", "cpu 8 && fill 20 /two", "cpu 12"),
		edits: []edit{file("step3.txt")},
		none:  true, mode: "max",
	}, {
		name: "cold-wide", shape: "4 wide",
		doc:    wide("{base}", "cpu 8 && fill 5 /out/1", "sleep 1.6 && fill 5 /out/2", "cpu 10 && fill 5 /out/3", "sleep 1 && fill 5 /out/4"),
		edits:  []edit{file("step1.txt"), always(file("step3.txt"))},
		output: "push", mode: "max",
	}, {
		name: "cold-wide-import", shape: "4 wide, imported and not exported",
		doc:    wide("{base}", "cpu 12 && fill 10 /out/1", "sleep 1.6 && fill 10 /out/2", "cpu 10 && fill 10 /out/3", "sleep 1 && fill 10 /out/4"),
		edits:  []edit{file("step2.txt"), always(file("step3.txt"))},
		output: "image", mode: "max", none: true,
	}, {
		name: "cold-diamond", shape: "diamond",
		doc:   diamond("cpu 7 && fill 10 /top", []string{"cpu 9 && fill 3 /out/1", "sleep 1.4 && fill 3 /out/2"}, "cpu 8"),
		edits: []edit{file("step2.txt"), always(file("step3.txt"))},
		mode:  "max",
	}, {
		name: "cold-service", shape: "multi-stage service",
		doc:    service("sleep 1 && fill 20 /packages", "cpu 12 && mkdir /out && fill 5 /out/app", "cpu 5"),
		edits:  []edit{file("main.txt"), always(file("config.txt"))},
		output: "push", mode: "max",
	}, {
		name: "cold-service-packages", shape: "multi-stage service, packages changed",
		doc:    service("cpu 10 && fill 30 /packages", "sleep 1.2 && mkdir /out && fill 5 /out/app", "sleep 0.8"),
		edits:  []edit{file("lock.txt"), always(file("main.txt"))},
		output: "push", mode: "max",
	}, {
		// The packages run again because the sources' step needs them.
		name: "cold-min", shape: "multi-stage service, mode=min",
		doc:    service("sleep 1 && fill 20 /packages", "cpu 12 && mkdir /out && fill 5 /out/app", "cpu 9 && fill 20 /usr/app"),
		edits:  []edit{file("main.txt")},
		output: "push", mode: "min",
	}, {
		name: "cold-shared", shape: "two stages on a shared one",
		doc:    shared("cpu 8 && fill 15 /tools/bin", "cpu 12 && fill 5 /out/app", "sleep 1.6 && fill 5 /out/docs"),
		edits:  []edit{file("app.txt"), always(file("docs.txt"))},
		output: "push", mode: "max",
	}, {
		name: "cold-base", shape: "chain of 3 on an image of 20 MB, 10 MB/s",
		doc:   chain("{big}", "cpu 9", "sleep 1.2", "cpu 8"),
		edits: []edit{file("step2.txt"), always(file("step3.txt"))},
		mode:  "max", rate: 10,
	}, {
		name: "cold-export", shape: "chain of 3, slow export of 60 MB, 10 MB/s",
		doc:   chain("{base}", "cpu 6 && fill 10 /one", "cpu 5 && fill 30 /two", "cpu 4 && fill 20 /three"),
		edits: []edit{file("step2.txt"), always(file("step3.txt"))},
		mode:  "max", rate: 10,
	}, {
		name: "cold-gone", shape: "chain of 3, the cache gone",
		doc:   chain("{base}", "cpu 12 && fill 5 /one", "sleep 1.4", "cpu 9"),
		edits: []edit{gone(cause.CacheEvicted), always(file("step3.txt"))},
		mode:  "max",
	}}
	for _, t := range list {
		t.place = cold
	}
	return list
}

// warmCases import a cache into a builder that still has everything itself.
func warmCases() []*trial {
	list := []*trial{{
		name: "warm-chain", shape: "chain of 4",
		doc:   chain("{base}", "cpu 8 && fill 10 /one", "sleep 1 && fill 10 /two", "cpu 7", "sleep 0.8 && fill 5 /four"),
		edits: []edit{file("step2.txt"), always(file("step4.txt"))},
		mode:  "max",
	}, {
		name: "warm-service", shape: "multi-stage service",
		doc:    service("cpu 10 && fill 20 /packages", "cpu 12 && mkdir /out && fill 5 /out/app", "sleep 1.5"),
		edits:  []edit{file("main.txt"), always(file("config.txt"))},
		output: "push", mode: "max",
	}, {
		name: "warm-wide", shape: "4 wide",
		doc:    wide("{base}", "cpu 10 && fill 5 /out/1", "sleep 1.6 && fill 5 /out/2", "cpu 8 && fill 5 /out/3", "sleep 1 && fill 5 /out/4"),
		edits:  []edit{file("step2.txt"), always(file("step3.txt"))},
		output: "image", mode: "min",
	}}
	for _, t := range list {
		t.place = warm
	}
	return list
}
