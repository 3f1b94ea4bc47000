package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// key is what BuildKit would look an operation's result up by.
type key [32]byte

// build is one commit's build while it is replayed.
type build struct {
	commit uint32
	recipe recipeText
	plan   *plan
	bound  *bound
	keys   []key // by operation
	// soft are the keys if what is read of other stages were the same as ever.
	soft []key
	// steps are keys of what is the steps' own, by step.
	steps []key
	owns  map[key]bool
}

// Replay tells which steps each commit's build would have executed.
func (h *History) Replay(r Recipe) (*Result, error) {
	if r.Memory < Everything || r.Memory > LastImage {
		return nil, fmt.Errorf("replaying: there is no memory %d", r.Memory)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &Result{}
	shown := map[*plan]*Plan{}
	wary, hopeful := newMemory(false), newMemory(true)
	var before *build
	last := h.states[len(h.states)-1]
	newest, _ := h.edited(last, r.Edits)
	for c := range h.Commits {
		commit := uint32(c)
		own := h.states[c]
		if r.Today {
			own.file, own.own, own.root = last.file, last.own, last.root
		}
		s, fits := h.edited(own, r.Edits)
		b := h.build(commit, s, r)
		if b == nil && fits && len(r.Edits) > 0 {
			// An edit that leaves nothing to build does not fit either.
			if b = h.build(commit, own, r); b != nil {
				fits = false
			}
		}
		if c > 0 {
			x := Build{Commit: h.Commits[c]}
			switch {
			case b == nil:
				out.Unread++
			case !fits:
				out.Unfit++
			}
			if b != nil {
				if shown[b.plan] == nil {
					shown[b.plan] = &Plan{Steps: b.plan.Steps}
				}
				x.Plan = shown[b.plan]
				x.Plan.Current = b.recipe.text == string(newest.file.data)
			}
			out.Builds = append(out.Builds, x)
		}
		if b == nil {
			continue
		}
		w, best := wary.execute(b), hopeful.execute(b)
		if c > 0 {
			x := &out.Builds[c-1]
			x.Misses, x.Unsure = b.misses(before, w, best)
		}
		wary.keep(b, w, r.Memory)
		hopeful.keep(b, best, r.Memory)
		before = b
	}
	return out, nil
}

// edited is a commit's state with the edits, or as it was if one does not fit.
func (h *History) edited(s state, edits map[string]Edit) (state, bool) {
	out := s
	for _, f := range []*named{&out.file, &out.own, &out.root} {
		e, ok := edits[f.path]
		if !ok {
			continue
		}
		data, ok := e.carry(f.data)
		if !ok {
			return s, false
		}
		f.data = data
	}
	return out, true
}

// build keys a commit's operations; nil if its files cannot be read.
func (h *History) build(commit uint32, s state, r Recipe) *build {
	if s.file.data == nil {
		return nil
	}
	args := map[string]string{}
	maps.Copy(args, s.given)
	maps.Copy(args, r.Args)
	for name, value := range s.args {
		if value == nil {
			delete(args, name)
		} else {
			args[name] = *value
		}
	}
	every := slices.Sorted(slices.Values(r.Every))
	every = slices.Compact(every)
	for _, name := range every {
		if _, ok := args[name]; !ok {
			args[name] = someValue
		}
	}
	text := recipeText{string(s.file.data), r.Target, r.Platform, args}
	p := h.plan(text, every)
	if p == nil {
		return nil
	}
	b := &build{commit: commit, recipe: text, plan: p, bound: h.bind(p, s.ignore(), h.at[commit])}
	if b.bound == nil {
		return nil
	}
	b.hash()
	return b
}

// hash makes the keys.
func (b *build) hash() {
	p := b.plan
	b.keys, b.soft = make([]key, len(p.ops)), make([]key, len(p.ops))
	parts := make([][]byte, len(p.Steps))
	var buf, own, soft []byte
	for i, o := range p.ops {
		own = append(append(own[:0], o.own...), 0)
		if len(o.args) > 0 {
			own = binary.BigEndian.AppendUint32(append(own, 1), b.commit)
		}
		buf, soft = append(buf[:0], own...), append(soft[:0], own...)
		for j, in := range o.inputs {
			buf, soft = append(append(buf, in.joint...), 0), append(append(soft, in.joint...), 0)
			if s := b.bound.takes[i][j]; s != nil {
				x := s.sum(b.commit)
				part := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, x.hi), x.lo)
				if s.restless {
					part = binary.BigEndian.AppendUint32(part, b.commit)
				}
				buf, soft, own = append(buf, part...), append(soft, part...), append(own, part...)
				continue
			}
			buf = append(buf, b.keys[in.op][:]...)
			switch {
			case in.byContent && p.ops[in.op].settled:
				soft, own = append(soft, b.keys[in.op][:]...), append(own, b.keys[in.op][:]...)
			case !in.byContent:
				soft = append(soft, b.soft[in.op][:]...)
			}
		}
		b.keys[i], b.soft[i] = sha256.Sum256(buf), sha256.Sum256(soft)
		for _, s := range o.steps {
			parts[s] = append(parts[s], own...)
		}
	}
	b.steps, b.owns = make([]key, len(p.Steps)), make(map[key]bool, len(p.Steps))
	for s := range parts {
		b.steps[s] = sha256.Sum256(parts[s])
		b.owns[b.steps[s]] = true
	}
}
