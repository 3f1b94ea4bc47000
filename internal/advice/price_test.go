package advice

import (
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// Going to a folder is no work, and no more than what is done there counts.
func TestModelOfCosts(t *testing.T) {
	for text, want := range map[string]float64{
		"RUN cd web && npm ci":                    costInstall,
		"RUN cd web && npm run build":             costCompile,
		"RUN cd web && ./generate":                costRun,
		"RUN cd web && npm config set fund false": costFolder,
		"RUN cd web":                              costFolder,
		"WORKDIR /app":                            costFolder,
		"COPY . .":                                costCopy,
	} {
		if got := modelled(text); got != want {
			t.Errorf("%s is taken for %v s, want %v s", text, got, want)
		}
	}
}

// Where steps run beside one another instead of one after the other, as many seconds
// are saved as were guessed, though none of them is gone.
func TestSecondsThatAreSure(t *testing.T) {
	p := prices{known: map[string]price{"RUN A": {seconds: 10, measured: true}}, modelled: map[string]float64{"RUN B": 30}}
	steps := []replay.Step{{Text: "RUN A"}, {Text: "RUN B"}}
	beside := &replay.Plan{Steps: steps}
	behind := &replay.Plan{Steps: []replay.Step{steps[0], {Text: "RUN B", Inputs: []int{0}}}}
	for _, tt := range []struct {
		name          string
		plan          *replay.Plan
		misses        []int
		seconds, sure float64
	}{
		{"one after the other", behind, []int{0, 1}, 40, 10},
		{"side by side", beside, []int{0, 1}, 30, 10},
		{"measured", behind, []int{0}, 10, 10},
		{"guessed", behind, []int{1}, 30, 0},
		{"nothing", behind, nil, 0, 0},
	} {
		if seconds, sure := p.wall(tt.plan, tt.misses, 2); seconds != tt.seconds || sure != tt.sure {
			t.Errorf("%s: %v s, of which %v s are sure; want %v and %v", tt.name, seconds, sure, tt.seconds, tt.sure)
		}
	}
}

// What a stage of its own saves of steps that were never measured is an estimate.
func TestParallelStepsAreEstimated(t *testing.T) {
	s := &scene{prices: prices{known: map[string]price{}, modelled: map[string]float64{"RUN A": 30, "RUN B": 30}}}
	s.Head = &record.Record{}
	steps := []replay.Step{{Text: "RUN A"}, {Text: "RUN B"}}
	result := func(inputs []int) *replay.Result {
		plan := &replay.Plan{Steps: []replay.Step{steps[0], {Text: "RUN B", Inputs: inputs}}}
		return &replay.Result{Builds: []replay.Build{{Plan: plan, Misses: []replay.Miss{{Step: 0}, {Step: 1}}}}}
	}
	p := s.compare(result([]int{0}), result(nil), nil)
	if p.SecondsSavedPerBuild != 30 || !p.Estimated {
		t.Errorf("%+v, want an estimate of 30 s", p)
	}
}
