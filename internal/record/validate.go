package record

import (
	"fmt"
	"math"
)

// Limits on single fields.
const (
	maxText = 4 << 20 // a Dockerfile, an instruction, an error message
	maxName = 4 << 10 // identifiers, digests and names
)

// Check says what is wrong with the part of a record that [ReadSteps] gives. It
// is for who keeps that part elsewhere.
func (r *Record) Check() error { return r.validate(false) }

// validate checks that a record hangs together. Without whole it checks only
// what [ReadSteps] gives.
func (r *Record) validate(whole bool) error {
	if r.Schema != Schema {
		return fmt.Errorf("%w: it says %q", ErrSchema, clip(r.Schema))
	}
	if !validID(r.ID) {
		return fmt.Errorf("id %q is not 1 to 64 letters, digits and hyphens", clip(r.ID))
	}
	if r.Status != Succeeded && r.Status != Failed {
		return fmt.Errorf("unknown build status %q", clip(string(r.Status)))
	}
	if !duration(r.Seconds) {
		return fmt.Errorf("the build took %g seconds", r.Seconds)
	}
	if j := r.Job; j != nil && len(j.Name)+len(j.Matrix) > maxName {
		return fmt.Errorf("%w: its job", ErrTooLarge)
	}
	if err := r.Dockerfile.validate(); err != nil {
		return err
	}
	if err := r.Findings.validate(); err != nil {
		return err
	}
	if err := validateChecks(r.Checks); err != nil {
		return err
	}
	for i, c := range r.Caches {
		if !duration(c.Seconds) || !finite(c.Start) || c.Bytes < 0 || c.Size < 0 {
			return fmt.Errorf("cache %d: its time or size is out of range", i)
		}
		if err := validatePhases(c.Parts); err != nil {
			return fmt.Errorf("cache %d: %w", i, err)
		}
	}
	steps, err := r.validateSteps(whole)
	if err != nil || !whole {
		return err
	}
	for i := range r.Manifests {
		if err := r.Manifests[i].validate(); err != nil {
			return fmt.Errorf("manifest %d: %w", i, err)
		}
	}
	for i := range r.Vertices {
		if err := r.validateVertex(i, steps); err != nil {
			return fmt.Errorf("vertex %d: %w", i, err)
		}
	}
	if err := r.validateTimes(); err != nil {
		return err
	}
	for i, c := range r.Caches {
		if err := c.Index.validate(len(r.Vertices)); err != nil {
			return fmt.Errorf("cache %d: %w", i, err)
		}
	}
	return nil
}

// validateTimes checks what the ledger reads beside the graph.
func (r *Record) validateTimes() error {
	if !duration(r.Builder.Cores) {
		return fmt.Errorf("the builder has %g processors", r.Builder.Cores)
	}
	if l := r.Load; l != nil {
		if !duration(l.Every) || l.Every == 0 {
			return fmt.Errorf("a sample of the load every %g seconds", l.Every)
		}
		for i, b := range l.Busy {
			if !duration(b) {
				return fmt.Errorf("sample %d of the load is out of range", i)
			}
		}
	}
	return validatePhases(r.Phases)
}

func validatePhases(list []Phase) error {
	for i, p := range list {
		if !duration(p.Start) || !finite(p.End) || p.End < p.Start || p.Bytes < 0 {
			return fmt.Errorf("phase %d: from %g to %g seconds, %d bytes", i, p.Start, p.End, p.Bytes)
		}
	}
	return nil
}

func (f *Findings) validate() error {
	if f == nil {
		return nil
	}
	if f.Hits < 0 || f.Misses < 0 || f.NotRun < 0 || !finite(f.Net) {
		return fmt.Errorf("its findings are out of range")
	}
	for _, s := range []float64{f.Saved, f.Lost, f.Import, f.Export, f.Download, f.Again} {
		if !duration(s) {
			return fmt.Errorf("its findings tell of %g seconds", s)
		}
	}
	for _, c := range f.Causes {
		if !duration(c.Lost) || c.Line < 0 || c.Steps < 0 {
			return fmt.Errorf("a cause among its findings is out of range")
		}
	}
	return nil
}

func (m *Measurement) validate() error {
	if m != nil && !(duration(m.Seconds) && duration(m.Cores) && duration(m.Alone) && duration(m.Export)) {
		return fmt.Errorf("its earlier time is out of range")
	}
	return nil
}

func (x *CacheIndex) validate(vertices int) error {
	if x == nil {
		return nil
	}
	if len(x.Digest) > maxName {
		return fmt.Errorf("%w: digest of its index", ErrTooLarge)
	}
	for _, list := range [][]int{x.Results, x.Keys, x.Absent} {
		for _, v := range list {
			if v < 0 || v >= vertices {
				return fmt.Errorf("its index names vertex %d of %d", v, vertices)
			}
		}
	}
	return nil
}

func (d *Dockerfile) validate() error {
	if len(d.Text) > maxText {
		return fmt.Errorf("%w: Dockerfile of %d bytes", ErrTooLarge, len(d.Text))
	}
	for i, s := range d.Stages {
		if s.Parent < -1 || s.Parent >= i {
			return fmt.Errorf("stage %d: parent %d does not stand before it", i, s.Parent)
		}
		if s.From < 0 || s.From >= len(d.Instructions) {
			return fmt.Errorf("stage %d: no instruction %d", i, s.From)
		}
	}
	for i, in := range d.Instructions {
		if in.Stage < -1 || in.Stage >= len(d.Stages) {
			return fmt.Errorf("instruction %d: no stage %d", i, in.Stage)
		}
		if in.Line < 0 || in.EndLine < in.Line {
			return fmt.Errorf("instruction %d: lines %d to %d", i, in.Line, in.EndLine)
		}
	}
	if f := d.Syntax; f != nil && (f.Line < 0 || len(f.Ref) > maxName || len(f.Digest) > maxName) {
		return fmt.Errorf("its syntax line %d is out of range or too long", f.Line)
	}
	return nil
}

// validateSteps returns the set of step IDs.
func (r *Record) validateSteps(whole bool) (map[string]bool, error) {
	ids := make(map[string]bool, len(r.Steps))
	for i, s := range r.Steps {
		switch {
		case s.ID == "" || len(s.ID) > maxName || ids[s.ID]:
			return nil, fmt.Errorf("step %d: its id %q is empty, too long or taken", i, clip(s.ID))
		case s.Instruction < 0 || s.Instruction >= len(r.Dockerfile.Instructions):
			return nil, fmt.Errorf("step %q: no instruction %d", clip(s.ID), s.Instruction)
		case !s.Status.known():
			return nil, fmt.Errorf("step %q: unknown status %q", clip(s.ID), clip(string(s.Status)))
		case !duration(s.Seconds) || !duration(s.TransferSeconds):
			return nil, fmt.Errorf("step %q: its time is out of range", clip(s.ID))
		case s.Earlier.validate() != nil:
			return nil, fmt.Errorf("step %q: its earlier time is out of range", clip(s.ID))
		case len(s.Key) > maxName:
			return nil, fmt.Errorf("%w: key of step %q", ErrTooLarge, clip(s.ID))
		}
		ids[s.ID] = true
		for _, v := range s.Vertices {
			if v < 0 || whole && v >= len(r.Vertices) {
				return nil, fmt.Errorf("step %q: no vertex %d", clip(s.ID), v)
			}
		}
	}
	return ids, nil
}

func (r *Record) validateVertex(i int, steps map[string]bool) error {
	v := &r.Vertices[i]
	if v.Step != "" && !steps[v.Step] {
		return fmt.Errorf("no step %q", clip(v.Step))
	}
	if v.Instruction < -1 || v.Instruction >= len(r.Dockerfile.Instructions) {
		return fmt.Errorf("no instruction %d", v.Instruction)
	}
	if !v.Status.known() {
		return fmt.Errorf("unknown status %q", clip(string(v.Status)))
	}
	if v.Bytes < 0 || v.Layer != nil && v.Layer.Bytes < 0 {
		return fmt.Errorf("a size below zero")
	}
	if err := v.Earlier.validate(); err != nil {
		return err
	}
	for _, in := range v.Inputs {
		if in.Vertex < 0 || in.Vertex >= i || in.Output < 0 {
			return fmt.Errorf("input %d does not stand before it", in.Vertex)
		}
	}
	for _, iv := range v.Intervals {
		if !finite(iv.Start) || !finite(iv.End) || iv.End < iv.Start {
			return fmt.Errorf("interval from %g to %g", iv.Start, iv.End)
		}
	}
	for _, t := range v.Takes {
		if err := r.validateTake(v, t); err != nil {
			return err
		}
	}
	return nil
}

func (r *Record) validateTake(v *Vertex, t Take) error {
	if t.Manifest < 0 || t.Manifest >= len(r.Manifests) {
		return fmt.Errorf("no manifest %d", t.Manifest)
	}
	if t.Input < 0 || t.Input >= len(v.Inputs) {
		return fmt.Errorf("it takes files from input %d of %d", t.Input, len(v.Inputs))
	}
	entries := len(r.Manifests[t.Manifest].Paths)
	for _, f := range t.Files {
		if f[0] < 0 || f[1] < f[0] || f[1] > entries {
			return fmt.Errorf("it takes entries %d to %d of %d", f[0], f[1], entries)
		}
	}
	return nil
}

func (m *Manifest) validate() error {
	n := len(m.Paths)
	if len(m.Digests) != n*DigestSize || len(m.Data) != n*DataSize || len(m.Modes) != n || len(m.Sizes) != n {
		return fmt.Errorf("%d paths with %d bytes of digests, %d of data hashes, %d modes and %d sizes",
			n, len(m.Digests), len(m.Data), len(m.Modes), len(m.Sizes))
	}
	for i := range m.Links {
		if i < 0 || i >= n {
			return fmt.Errorf("link of entry %d of %d", i, n)
		}
	}
	return nil
}

func (s StepStatus) known() bool {
	return s == Hit || s == Miss || s == NotRun || s == StepFailed
}

// validID reports whether an ID can stand in a file name.
func validID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-') {
			return false
		}
	}
	return true
}

func finite(f float64) bool   { return !math.IsNaN(f) && !math.IsInf(f, 0) }
func duration(f float64) bool { return finite(f) && f >= 0 }
