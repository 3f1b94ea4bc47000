package advice

import "slices"

// NoGain says that builds with and without a suggestion, of the newest commit after an
// earlier one, refute that it saves time: it was to make each of the builds between
// them faster that executed anything again, and the two took as long, but for less than
// a suggestion has to save. What was not to help just there is not refuted: an install
// runs again, wherever it stands, when it is the manifests that changed.
func (a Advice) NoGain(g *Suggestion, earlier string, v Verification) bool {
	if v.SecondsBefore-v.SecondsAfter >= worthSeconds || len(g.Predicted.Gains) != len(a.Builds) {
		return false
	}
	// A commit that was not replayed may be the one in front of them.
	since := 1 + slices.IndexFunc(a.Builds, func(b Replayed) bool { return b.Commit == earlier })
	expected := false
	for i := since; i < len(a.Builds); i++ {
		switch {
		case g.Predicted.Gains[i] >= worthSeconds:
			expected = true
		case len(a.Builds[i].Reruns) > 0:
			return false
		}
	}
	return expected
}

func (g *Suggestion) noGain() bool { return g.Verified != nil && g.Verified.NoGain }

// Refuted says that nothing speaks for the suggestion any more: it was to save time, and
// saved none.
func (g *Suggestion) Refuted() bool { return g.noGain() && !g.Sound }
