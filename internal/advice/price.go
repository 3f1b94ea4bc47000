package advice

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/timing"
)

// price is what a step takes.
type price struct {
	seconds, cores float64
	measured       bool
}

// prices are what steps take, by their instruction's text.
type prices struct {
	known    map[string]price
	modelled map[string]float64 // those asked for that were not measured
}

// newPrices takes the last measurement of each step: of this build, of what it
// carried over, of the one before.
func newPrices(head, base *record.Record) prices {
	p := prices{known: map[string]price{}, modelled: map[string]float64{}}
	for _, r := range []*record.Record{head, base} {
		if r == nil {
			continue
		}
		for i := range r.Steps {
			x := &r.Steps[i]
			if x.Instruction < 0 || x.Instruction >= len(r.Dockerfile.Instructions) {
				continue
			}
			text := upperCase(r.Dockerfile.Instructions[x.Instruction].Text)
			if _, ok := p.known[text]; ok {
				continue
			}
			switch {
			case x.Status == record.Miss:
				p.known[text] = price{seconds: x.Seconds, measured: true}
			case x.Earlier != nil:
				p.known[text] = price{seconds: x.Earlier.Seconds, cores: x.Earlier.Cores, measured: true}
			}
		}
	}
	return p
}

// with takes what a candidate says of steps over what was measured.
func (p prices) with(costs map[string]float64) prices {
	if len(costs) == 0 {
		return p
	}
	out := prices{known: maps.Clone(p.known), modelled: p.modelled}
	for text, seconds := range costs {
		out.known[upperCase(text)] = price{seconds: seconds}
	}
	return out
}

// of is what a step takes: as measured, or as the model of costs says.
func (p prices) of(text string) price {
	text = upperCase(text)
	if x, ok := p.known[text]; ok {
		return x
	}
	if _, ok := p.modelled[text]; !ok {
		p.modelled[text] = modelled(text)
	}
	return price{seconds: p.modelled[text]}
}

// wall is what a build takes for the steps that it misses, and what it would take if
// those that were never measured took no time.
func (p prices) wall(plan *replay.Plan, misses []int, cores float64) (seconds, sure float64) {
	if plan == nil {
		return 0, 0
	}
	work := make([]timing.Work, len(plan.Steps))
	for i := range work {
		work[i].Inputs = plan.Steps[i].Inputs
	}
	var guessed []int
	for _, m := range misses {
		x := p.of(plan.Steps[m].Text)
		work[m].Seconds, work[m].Cores = x.seconds, x.cores
		if !x.measured {
			guessed = append(guessed, m)
		}
	}
	seconds = timing.WallOf(work, cores)
	if len(guessed) == 0 {
		return seconds, seconds
	}
	for _, m := range guessed {
		work[m].Seconds, work[m].Cores = 0, 0
	}
	return seconds, timing.WallOf(work, cores)
}

// The model of costs: what a step is taken to cost that was never measured, in
// seconds. It only has to rank: an install and a compiler take long, a COPY does
// not.
const (
	costInstall = 20.0
	costCompile = 30.0
	costRun     = 2.0
	costCopy    = 0.2
	costFolder  = 0.02
)

func modelled(text string) float64 {
	f, err := dockerfile.Parse("", []byte("FROM scratch\n"+text+"\n"))
	if err != nil || len(f.Instructions) != 2 {
		if strings.HasPrefix(text, "RUN") {
			return costRun
		}
		return costCopy // its sources are too many for one line
	}
	switch in := f.Instructions[1]; in.Command {
	case "RUN":
		return modelledRun(in)
	case "WORKDIR":
		return costFolder
	}
	return costCopy
}

// modelledRun is that of the costliest command.
func modelledRun(in dockerfile.Instruction) float64 {
	sc, ok := readScript(in)
	if !ok {
		return costRun
	}
	most := costFolder
	for _, words := range sc.commands {
		cost := costRun
		switch a := classify(words); {
		case a.purpose == fetch:
			cost = costInstall
		case a.purpose == harmless || a.purpose == enter:
			cost = costFolder
		case compiles(words):
			cost = costCompile
		}
		most = max(most, cost)
	}
	return most
}

// compiles knows the commands that build a project.
func compiles(words []string) bool {
	switch path.Base(words[0]) {
	case "make", "cmake", "ninja", "bazel", "gradle", "gradlew", "mvn", "mvnw", "tsc", "webpack", "javac", "gcc", "g++", "rustc":
		return true
	case "go", "cargo", "dotnet", "mix", "npm", "yarn", "pnpm", "bun", "npx":
		return slices.ContainsFunc(words[1:], func(w string) bool {
			return slices.Contains([]string{"build", "install", "test", "publish", "compile", "release"}, w)
		})
	}
	return false
}
