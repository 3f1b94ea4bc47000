package report

import "github.com/layercause/layercause/internal/advice"

func newSuggestions(in []advice.Suggestion) []Suggestion {
	out := make([]Suggestion, 0, len(in))
	for _, s := range in {
		g := Suggestion{
			Rule: s.Rule, Title: s.Title, File: s.File, Line: s.Line, EndLine: s.EndLine, Patch: s.Patch,
			Predicted: newPredicted(s.Predicted), Assumes: s.Assumes,
		}
		g.Verified = newVerification(s.Verified)
		g.Refuted = s.Refuted()
		out = append(out, g)
	}
	return out
}

func newVerification(v *advice.Verification) *Verification {
	if v == nil {
		return nil
	}
	return &Verification{tidy(v.SecondsBefore), tidy(v.SecondsAfter), v.SameFiles, v.NoGain, v.Differences, v.DifferenceCount}
}

func newPredicted(p advice.Prediction) Predicted {
	return Predicted{
		Commits: p.Commits, MissesBefore: p.MissesBefore, MissesAfter: p.MissesAfter,
		SecondsSavedPerBuild: tidy(p.SecondsSavedPerBuild), CommitsSaved: p.CommitsSaved, Estimated: p.Estimated,
	}
}

func newBestSet(s *advice.Set) *BestSet {
	if s == nil {
		return nil
	}
	return &BestSet{Suggestions: s.Members, Patch: s.Patch, Predicted: newPredicted(s.Predicted), Verified: newVerification(s.Verified)}
}

func newSilences(in []advice.Silence) []Silence {
	var out []Silence
	for _, s := range in {
		out = append(out, Silence(s))
	}
	return out
}
