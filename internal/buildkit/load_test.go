package buildkit

import (
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

func TestProcessors(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		busy     uint64
		cores    int
		runnable int
		ok       bool
	}{
		"two of them, a guest's time counts once": {"cpu  10 1 20 1000 500 2 3 4 7 7\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5 cpu\nprocs_running 4\n", 40, 2, 3, true},
		"an old kernel's":                         {"cpu 10 1 20 1000\ncpu0 10 1 20 1000\n", 31, 1, 0, true},
		"no number":                               {"cpu 10 x 20 1000\ncpu0 1 1 1 1\n", 0, 0, 0, false},
		"no sum":                                  {"cpu0 1 1 1 1\n", 0, 1, 0, false},
		"no processors":                           {"intr 1 2 3\ncpu 1 2 3 4\n", 0, 0, 0, false},
		"nothing":                                 {"", 0, 0, 0, false},
	} {
		p, ok := parseProcessors([]byte(c.text))
		if ok != c.ok || ok && p != (processors{c.busy, c.cores, c.runnable}) {
			t.Errorf("%s: %+v (%t), want %d ticks of %d processors, %d runnable (%t)", name, p, ok, c.busy, c.cores, c.runnable, c.ok)
		}
	}
}

func TestSamples(t *testing.T) {
	type reading struct {
		at    float64
		ticks uint64
	}
	for name, c := range map[string]struct {
		readings []reading
		lacking  float64 // at the last one
		want     []float64
	}{
		"on the beat":                 {[]reading{{0.1, 10}, {0.2, 30}, {0.3, 35}}, 0, []float64{1, 2, 0.5}},
		"before the beat":             {[]reading{{0.1, 10}, {0.19, 25}, {0.2, 30}}, 0, []float64{1, 2}},
		"late, and two are missing":   {[]reading{{0.1, 10}, {0.45, 45}}, 0, []float64{1, 1, 1, 1}},
		"more than there are":         {[]reading{{0.1, 10}, {0.2, 100}}, 0, []float64{1, 4}},
		"a counter that was reset":    {[]reading{{0.1, 10}, {0.2, 0}, {0.3, 10}}, 0, []float64{1, 0, 1}},
		"a clock that was reset":      {[]reading{{0.1, 10}, {-5, 20}, {0.2, 20}}, 0, []float64{1, 1}},
		"most of a sample at the end": {[]reading{{0.1, 10}, {0.16, 16}}, 0.5, []float64{1, 1}},
		"a build of an instant":       {[]reading{{0.01, 1}}, 0.5, nil},
	} {
		s := samples{every: 0.1, cores: 4}
		for i, r := range c.readings {
			lacking := 0.0
			if i == len(c.readings)-1 {
				lacking = c.lacking
			}
			s.add(r.at, processors{busy: r.ticks}, lacking)
		}
		if d := cmp.Diff(c.want, s.busy); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Where all processors are busy, it counts what could run.
func TestSamplesOfAFullMachine(t *testing.T) {
	s := samples{every: 0.1, cores: 2}
	s.add(0.1, processors{busy: 10, runnable: 7}, 0)
	s.add(0.2, processors{busy: 30, runnable: 5}, 0)
	s.add(0.3, processors{busy: 49, runnable: 1}, 0)
	if d := cmp.Diff([]float64{1, 5, 1.9}, s.busy); d != "" {
		t.Error(d)
	}
}

// An hour has as many samples as a few minutes, of the same mean.
func TestSamplesOfALongBuild(t *testing.T) {
	s := samples{every: sampleEvery.Seconds(), cores: 4}
	for i := 1; i <= 36000; i++ {
		s.add(float64(i)/10, processors{busy: uint64(i) * 15}, 0)
	}
	l := s.load()
	if n := len(l.Busy); n < maxSamples/2 || n >= maxSamples || math.Abs(float64(n)*l.Every-3600) > l.Every {
		t.Errorf("%d samples of %g seconds, for an hour", n, l.Every)
	}
	for i, b := range l.Busy {
		if math.Abs(b-1.5) > 0.05 {
			t.Fatalf("sample %d is %g, want 1.5", i, b)
		}
	}
}

// One processor is kept busy for half a second.
func TestSampling(t *testing.T) {
	start := time.Now()
	s := startSampling(start)
	if runtime.GOOS != "linux" {
		if s.stop(time.Now()) != nil {
			t.Error("there is a load where no kernel tells")
		}
		return
	}
	x := 0.0
	for time.Since(start) < 500*time.Millisecond {
		x += math.Sqrt(x)
	}
	l := s.stop(time.Now())
	if l == nil || len(l.Busy) < 5 || len(l.Busy) > 6 || l.Every != 0.1 {
		t.Fatalf("half a second gives %+v", l)
	}
	sum := 0.0
	for _, b := range l.Busy {
		sum += b
	}
	if mean := sum / float64(len(l.Busy)); mean < 0.7 {
		t.Errorf("%.2f processors were busy, want about one or more: %v", mean, l.Busy)
	}
	var none *sampler
	if got := none.stop(time.Now()); got != (*record.Load)(nil) {
		t.Errorf("nobody watched, and saw %+v", got)
	}
}

// BenchmarkReadProcessors is what a sample costs.
func BenchmarkReadProcessors(b *testing.B) {
	for b.Loop() {
		if _, ok := readProcessors(); !ok {
			b.Fatal("the kernel does not tell")
		}
	}
}
