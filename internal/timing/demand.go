package timing

import "github.com/layercause/layercause/internal/record"

// demand is how many processors each vertex kept busy while it ran, and how long
// it would have taken with all of them to itself.
//
// What is known is only how busy the whole machine was, sample by sample. While
// one operation runs alone that is what it uses. Of operations that overlap the
// shares are found as those that explain all samples best: each share is scaled
// by what was busy to what the shares add up to, over and over (the multiplicative
// update of image reconstruction, ISRA, which keeps shares positive). A sample in
// which all processors were busy says only that no less was wanted.
type demand struct {
	cores []float64
	alone []float64
}

const (
	busyAll   = 0.9 // of the processors: then more may have been wanted
	ramp      = 0.2 // seconds in which a command starts or ends, and is not itself
	mostly    = 0.8 // of its samples: then the others say little of an operation
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
	active := make([][]int, len(r.Load.Busy))
	starting := make([]bool, len(r.Load.Busy))
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
	full, all := make([]int, len(spans)), make([]int, len(spans)) // samples of each
	for n, vs := range active {
		for _, v := range vs {
			if starting[n] {
				continue
			}
			all[v]++
			if r.Load.Busy[n] >= busyAll*cores {
				full[v]++
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
			b := min(r.Load.Busy[n], cores)
			isFull := b >= busyAll*cores
			if isFull && sum > b {
				b = sum
			}
			for _, v := range vs {
				if !isFull && float64(full[v]) >= mostly*float64(all[v]) {
					continue
				}
				busy[v] += b
				wanted[v] += sum
			}
		}
		for v := range d.cores {
			switch {
			case wanted[v] > 0:
				d.cores[v] = min(d.cores[v]*busy[v]/wanted[v], cores)
			case all[v] == 0:
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
