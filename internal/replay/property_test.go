package replay_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/replay"
)

// someDockerfile is a random one of two stages.
func someDockerfile(r *rand.Rand) string {
	var b strings.Builder
	sources := []string{"a", "b", "c", "."}
	line := func(n int) {
		switch r.IntN(6) {
		case 0, 1:
			fmt.Fprintf(&b, "COPY %s /%d\n", sources[r.IntN(len(sources))], n)
		case 2:
			fmt.Fprintf(&b, "ENV V%d=%d\n", n, r.IntN(3))
		case 3:
			fmt.Fprintf(&b, "RUN --mount=type=bind,source=%s,target=/m make %d\n", sources[r.IntN(3)], n)
		case 4:
			b.WriteString("ARG COMMIT\n")
		default:
			fmt.Fprintf(&b, "RUN make %d %d\n", n, r.IntN(2))
		}
	}
	b.WriteString("FROM example.com/base AS build\n")
	for n := range 5 {
		line(n)
	}
	b.WriteString("RUN out\nFROM example.com/base\n")
	for n := range 4 {
		line(10 + n)
	}
	b.WriteString("COPY --from=build /out /out\nRUN last\n")
	return b.String()
}

// someHistory is a repository of random commits.
func someHistory(t *testing.T, r *rand.Rand) *replay.History {
	t.Helper()
	repo := newRepository(t)
	text := someDockerfile(r)
	repo.commit("Dockerfile", text, "a/x", "1", "b/x", "1", "c/x", "1", ".dockerignore", ".git\nDockerfile\n.dockerignore\n")
	for range 12 {
		switch r.IntN(8) {
		case 0:
			text = someDockerfile(r)
			repo.commit("Dockerfile", text)
		case 1:
			repo.commit(".dockerignore", ".git\nDockerfile\n.dockerignore\n"+[]string{"a\n", "c/y\n", ""}[r.IntN(3)])
		default:
			repo.commit(fmt.Sprintf("%c/%c", 'a'+r.IntN(3), 'x'+r.IntN(3)), fmt.Sprint(1+r.IntN(3)))
		}
	}
	return repo.read(replay.Options{})
}

// ran are the lines of a build's misses, those that are not sure too.
func ran(b replay.Build) map[int]bool {
	out := map[int]bool{}
	for _, m := range b.Misses {
		out[m.Step] = true
	}
	return out
}

func TestProperties(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := someHistory(t, rand.New(rand.NewPCG(seed, 7)))
			replayed := map[replay.Memory]*replay.Result{}
			for _, m := range []replay.Memory{replay.Everything, replay.LastBuild, replay.LastImage} {
				recipe := replay.Recipe{Every: []string{"COMMIT"}, Memory: m}
				res, err := h.Replay(recipe)
				if err != nil {
					t.Fatal(err)
				}
				replayed[m] = res
				same(t, h, recipe, res)
				for _, b := range res.Builds {
					consistent(t, b, m)
				}
			}
			for i := range replayed[replay.Everything].Builds {
				all, last, image := ran(replayed[replay.Everything].Builds[i]), ran(replayed[replay.LastBuild].Builds[i]), ran(replayed[replay.LastImage].Builds[i])
				if !within(all, last) || !within(last, image) {
					t.Errorf("build %d: with everything %v ran, with the last build %v, with the last image %v", i, all, last, image)
				}
			}
		})
	}
}

func within(a, b map[int]bool) bool {
	for x := range a {
		if !b[x] {
			return false
		}
	}
	return true
}

// same replays again, on what the first time left in memory, and with edits that
// change nothing.
func same(t *testing.T, h *replay.History, r replay.Recipe, want *replay.Result) {
	t.Helper()
	r.Edits = map[string]replay.Edit{"gone": {Before: []byte("x"), After: []byte("y")}}
	for range 2 {
		got, err := h.Replay(r)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Error("a second replay says something else")
		}
	}
}

// consistent checks what holds of every build.
func consistent(t *testing.T, b replay.Build, m replay.Memory) {
	t.Helper()
	missed := ran(b)
	if len(missed) != len(b.Misses) || !slices.IsSortedFunc(b.Misses, func(x, y replay.Miss) int { return x.Step - y.Step }) {
		t.Errorf("misses are not in order: %+v", b.Misses)
	}
	if m == replay.Everything && len(b.Unsure) > 0 {
		t.Errorf("%v are not sure although everything is kept", b.Unsure)
	}
	sure := maps.Clone(missed)
	for _, x := range b.Misses {
		if x.ByContent {
			delete(sure, x.Step)
		}
		if x.FileCount > 0 && !x.Own {
			t.Errorf("step %d takes changed files and did not change itself", x.Step)
		}
	}
	for s, step := range b.Plan.Steps {
		for _, in := range step.Inputs {
			if in >= s {
				t.Fatalf("step %d needs the later step %d", s, in)
			}
			if m == replay.Everything && missed[in] && !missed[s] {
				t.Errorf("step %d stands on %d, which missed, and did not miss", s, in)
			}
			// Only what copies or mounts from it may hit nevertheless.
			if m == replay.Everything && sure[in] && !sure[s] && step.Stage == b.Plan.Steps[in].Stage {
				t.Errorf("step %d stands on %d of its own stage, which surely missed, and may hit", s, in)
			}
		}
	}
}
