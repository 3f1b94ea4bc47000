package timing

import (
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// demand is how many processors each vertex kept busy while it ran, and how long
// it would have taken with all of them to itself.
//
// What is known is only how busy the whole machine was, sample by sample. While
// one operation runs alone that is what it uses. Of operations that overlap the
// shares are found as those that explain all samples best: each share is scaled
// by what was busy to what the shares add up to, over and over (the multiplicative
// update of image reconstruction, ISRA, which keeps shares positive).
type demand struct {
	cores []float64
	alone []float64
}

const (
	busyAll   = 0.9 // of the processors: then a sample counts what could run
	ramp      = 0.2 // seconds in which a command starts or ends, and is not itself
	rounds    = 40
	noDemand  = 0.05 // processors; less is noise
	fewWanted = 1.0  // processors that an operation is taken to want, to begin with
)

// newDemand estimates from the record's load. Spans are the executions by vertex.
func newDemand(r *record.Record, spans [][]span) demand {
	d := demand{cores: make([]float64, len(spans)), alone: make([]float64, len(spans))}
	for v, list := range spans {
		d.alone[v] = union(list)
	}
	if r.Load == nil || r.Builder.Cores <= 0 || r.Load.Every <= 0 {
		return d
	}
	cores, every := r.Builder.Cores, r.Load.Every
	load := steady(r.Load.Busy, cores)
	active := make([][]int, len(load))
	starting := make([]bool, len(load))
	for v, list := range spans {
		if kind := r.Vertices[v].Kind; kind != record.OpExec && kind != record.OpFile {
			continue
		}
		for _, s := range list {
			for n := int(s.start / every); n < len(active) && float64(n)*every < s.end; n++ {
				from, to := float64(n)*every, float64(n+1)*every
				if from < s.start+ramp || to > s.end-ramp {
					starting[n] = true
				}
				active[n] = append(active[n], v)
				d.cores[v] = fewWanted
			}
		}
	}
	busy, wanted := make([]float64, len(spans)), make([]float64, len(spans))
	for range rounds {
		clear(busy)
		clear(wanted)
		for n, vs := range active {
			if starting[n] {
				continue
			}
			sum := 0.0
			for _, v := range vs {
				sum += d.cores[v]
			}
			for _, v := range vs {
				busy[v] += load[n]
				wanted[v] += sum
			}
		}
		for v := range d.cores {
			switch {
			case wanted[v] > 0:
				d.cores[v] = min(d.cores[v]*busy[v]/wanted[v], cores)
			default:
				d.cores[v] = 0 // too short to tell
			}
		}
	}
	for v, c := range d.cores {
		if c < noDemand {
			d.cores[v] = 0
		}
	}
	d.stretch(active, cores, every)
	return d
}

// steady takes single peaks off the samples in which all processors were busy: how
// many tasks could run is read at one instant, in which others may have woken too.
func steady(load []float64, cores float64) []float64 {
	out := slices.Clone(load)
	for n, b := range load {
		if b <= cores {
			continue
		}
		for _, near := range load[max(0, n-1):min(len(load), n+2)] {
			if near >= busyAll*cores {
				out[n] = min(out[n], near)
			}
		}
	}
	return out
}

// stretch takes off what the operations waited for each other's processors.
func (d demand) stretch(active [][]int, cores, every float64) {
	var r run
	r.cores = cores
	for _, vs := range active {
		wanted := 0.0
		for _, v := range vs {
			wanted += d.cores[v]
		}
		if wanted <= cores {
			continue
		}
		r.tasks = r.tasks[:0]
		running := make([]int, len(vs))
		for n, v := range vs {
			r.tasks = append(r.tasks, task{cores: d.cores[v]})
			running[n] = n
		}
		share := r.share(running)
		for _, v := range vs {
			if c := d.cores[v]; c > share {
				d.alone[v] = max(0, d.alone[v]-every*(1-share/c))
			}
		}
	}
}
