package buildkit

import (
	"bytes"
	"context"
	"math"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
)

// How often the processors are looked at, and how many samples are kept. A longer
// build has longer ones.
const (
	sampleEvery = 100 * time.Millisecond
	maxSamples  = 2000
)

// ticksPerSecond is the unit of /proc/stat on every Linux (USER_HZ in proc_stat(5)).
const ticksPerSecond = 100

// allBusy is the part of the processors from which on a sample does not tell how
// many were wanted: then what can run counts, running or not.
const allBusy = 0.9

// sampler watches how many processors of this machine are busy or wanted.
type sampler struct {
	start, end time.Time
	quit, done chan struct{}
	samples    samples
}

// startSampling watches until it is stopped. It returns nil where the kernel does not
// tell.
func startSampling(start time.Time) *sampler {
	now, ok := readProcessors()
	if !ok {
		return nil
	}
	s := &sampler{start: start, quit: make(chan struct{}), done: make(chan struct{})}
	s.samples = samples{every: sampleEvery.Seconds(), cores: float64(now.cores), ticks: now.busy, at: time.Since(start).Seconds()}
	go func() {
		defer close(s.done)
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.look(time.Now(), 0)
			case <-s.quit:
				s.look(s.end, 0.5) // most of a sample is taken for a whole one
				return
			}
		}
	}()
	return s
}

func (s *sampler) look(now time.Time, lacking float64) {
	if p, ok := readProcessors(); ok {
		s.samples.add(now.Sub(s.start).Seconds(), p, lacking)
	}
}

// stop ends the watch and returns what was seen; nil of a nil sampler.
func (s *sampler) stop(end time.Time) *record.Load {
	if s == nil {
		return nil
	}
	s.end = end
	close(s.quit)
	<-s.done
	return s.samples.load()
}

// samples are readings on an even grid.
type samples struct {
	every float64
	cores float64
	busy  []float64
	// at and ticks are the last reading that made samples.
	at    float64
	ticks uint64
}

// add takes a reading. Samples that were missed, as on a machine with no time for
// us, have the mean of the time since the last one. Lacking is which part of the last
// sample may be missing.
func (s *samples) add(at float64, p processors, lacking float64) {
	lacking += 1e-9 // 0.3 is less than three tenths
	whole := int(at/s.every + lacking)
	if whole <= len(s.busy) || at <= s.at {
		return
	}
	mean := s.mean(at, p.busy)
	if mean >= allBusy*s.cores {
		mean = max(mean, float64(p.runnable))
	}
	for len(s.busy) < whole {
		s.busy = append(s.busy, mean)
		if len(s.busy) == maxSamples {
			s.halve()
			whole = int(at/s.every + lacking)
		}
	}
	s.at, s.ticks = at, p.busy
}

func (s *samples) mean(at float64, ticks uint64) float64 {
	if ticks < s.ticks || at <= s.at {
		return 0 // a counter that was reset
	}
	busy := float64(ticks-s.ticks) / ticksPerSecond / (at - s.at)
	return math.Round(min(busy, s.cores)*100) / 100
}

// halve makes one sample of two.
func (s *samples) halve() {
	half := s.busy[:len(s.busy)/2]
	for i := range half {
		half[i] = math.Round((s.busy[2*i]+s.busy[2*i+1])*50) / 100
	}
	s.busy, s.every = half, s.every*2
}

func (s *samples) load() *record.Load {
	if len(s.busy) == 0 {
		return nil // shorter than a sample
	}
	return &record.Load{Every: s.every, Busy: s.busy}
}

// processors is a reading of /proc/stat.
type processors struct {
	busy     uint64 // ticks that all of them together were, since the machine started
	cores    int
	runnable int // tasks that run or could, besides this one
}

// readProcessors reads what is true of the machine, also where this process may use
// only some of its processors.
func readProcessors() (processors, bool) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return processors{}, false
	}
	return parseProcessors(text)
}

func parseProcessors(text []byte) (p processors, ok bool) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		switch {
		case len(fields) < 2:
		case string(fields[0]) == "procs_running":
			if n, err := strconv.Atoi(string(fields[1])); err == nil {
				p.runnable = max(0, n-1)
			}
		case string(fields[0]) == "cpu":
			// user nice system idle iowait irq softirq steal; what follows is in user.
			for i, f := range fields[1:min(len(fields), 9)] {
				n, err := strconv.ParseUint(string(f), 10, 64)
				if err != nil {
					return processors{}, false
				}
				if i != 3 && i != 4 {
					p.busy += n
				}
			}
			ok = len(fields) >= 5
		case bytes.HasPrefix(fields[0], []byte("cpu")):
			p.cores++
		}
	}
	return p, ok && p.cores > 0
}

// coresOf is how many processors a builder on this machine may use, 0 if that is not
// known.
func coresOf(ctx context.Context, on *builder.Builder) float64 {
	if !on.OnThisMachine() {
		return 0
	}
	p, ok := readProcessors()
	if !ok {
		return 0
	}
	cores := float64(p.cores)
	if on.Driver == builder.DriverChild {
		cores = min(cores, float64(runtime.GOMAXPROCS(0))) // it has our limits
	}
	if limit := on.CPULimit(ctx); limit > 0 {
		cores = min(cores, limit)
	}
	return cores
}
