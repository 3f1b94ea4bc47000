package timing

import "github.com/layercause/layercause/internal/record"

// Carry keeps the measured durations of what was not executed this time: for
// every step of head without an execution, the last measurement of the step with
// the same key in base, or, for want of one, of the same instruction; for every
// base image its last download.
func Carry(head, base *record.Record) {
	if base == nil {
		return
	}
	m := newModel(base)
	byKey, byText := map[string]*record.Measurement{}, map[string]*record.Measurement{}
	for i := range base.Steps {
		s := &base.Steps[i]
		x := s.Earlier
		if s.Status == record.Miss {
			x = m.measure(s)
		}
		if x == nil {
			continue
		}
		byKey[s.Key] = x
		byText[s.Platform+"\n"+base.Dockerfile.Instructions[s.Instruction].Text] = x
	}
	for i := range head.Steps {
		s := &head.Steps[i]
		if s.Status == record.Miss {
			continue
		}
		s.Earlier = byKey[s.Key]
		if s.Earlier == nil {
			s.Earlier = byText[s.Platform+"\n"+head.Dockerfile.Instructions[s.Instruction].Text]
		}
	}
	m.carryPulls(head)
}

// measure is what a step's execution took.
func (m *model) measure(s *record.Step) *record.Measurement {
	x := &record.Measurement{
		Seconds: s.Seconds, Record: m.r.ID, Key: s.Key, Worker: m.r.Builder.Worker,
	}
	busy := 0.0
	for _, v := range s.Vertices {
		x.Alone += m.work[v]
		busy += m.work[v] * m.cores[v]
		x.Export += m.out.image.made[v] + m.out.push.sent[v]
	}
	if x.Alone > 0 {
		x.Cores = busy / x.Alone
	}
	x.Seconds, x.Alone, x.Cores, x.Export = micro(x.Seconds), micro(x.Alone), micro(x.Cores), micro(x.Export)
	return x
}

// carryPulls keeps how long the base images took to download.
func (m *model) carryPulls(head *record.Record) {
	took := map[string]*record.Measurement{}
	for i := range m.r.Vertices {
		if v := &m.r.Vertices[i]; v.Source != nil && v.Earlier != nil {
			took[v.Key] = v.Earlier
		}
	}
	for _, f := range m.fetches {
		for _, v := range f.sources {
			took[m.r.Vertices[v].Key] = &record.Measurement{
				Seconds: micro(f.seconds()), Record: m.r.ID, Worker: m.r.Builder.Worker,
			}
		}
	}
	for i := range head.Vertices {
		if v := &head.Vertices[i]; v.Source != nil && v.Source.Kind == record.SourceImage {
			v.Earlier = took[v.Key]
		}
	}
}

// micro rounds to microseconds, which keeps records short.
func micro(seconds float64) float64 { return float64(int64(seconds*1e6+0.5)) / 1e6 }
