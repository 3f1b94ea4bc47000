package replay

// memory is what a build finds of earlier ones. A replay keeps two: one in which no
// stage ever makes again what it made before, and a hopeful one in which each does as
// long as what it is told to do stays the same. The truth lies between them.
type memory struct {
	hopeful bool
	// results are the keys of what is there.
	results map[key]bool
	// soft are the keys of what is there by what was read of other stages, and met all
	// keys that were ever seen: BuildKit keeps, beside a result, each way that led to
	// it.
	soft, met map[key]bool
}

func newMemory(hopeful bool) *memory {
	return &memory{hopeful, map[key]bool{}, map[key]bool{}, map[key]bool{}}
}

// execution is what became of a build's operations.
type execution struct {
	runs []bool // by operation: it was executed
	has  []bool // by operation: there is a result of it now
}

// execute says which operations run: those whose result is asked for and not there.
func (m *memory) execute(b *build) execution {
	n := len(b.keys)
	x := execution{make([]bool, n), make([]bool, n)}
	asked, keyed := make([]bool, n), make([]bool, n) // for the result, for the key alone
	if n > 0 {
		asked[n-1] = true
	}
	for i := n - 1; i >= 0; i-- {
		o := &b.plan.ops[i]
		if x.has[i] = m.results[b.keys[i]]; x.has[i] || o.source || !asked[i] && !keyed[i] {
			continue
		}
		found := m.hopeful && m.soft[b.soft[i]]
		if found && m.met[b.keys[i]] {
			x.has[i] = true
			continue
		}
		if x.has[i] = found || asked[i]; !found && asked[i] {
			x.runs[i] = true
		}
		for _, in := range o.inputs {
			// A key is made of the keys of some inputs, and of what others hold.
			if x.runs[i] || in.byContent && !b.plan.ops[in.op].settled {
				asked[in.op] = true
			} else {
				keyed[in.op] = true
			}
		}
	}
	return x
}

// keep puts a build's results into the memory.
func (m *memory) keep(b *build, x execution, kind Memory) {
	if kind != Everything {
		m.results, m.soft = map[key]bool{}, map[key]bool{}
	}
	for i := range b.keys {
		m.met[b.keys[i]] = true
		if x.has[i] && (kind != LastImage || b.plan.chain[i]) {
			m.results[b.keys[i]], m.soft[b.soft[i]] = true, true
		}
	}
}
