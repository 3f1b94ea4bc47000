package report_test

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/report"
)

// decisive are the fields whose text decides what is rendered, so that another one
// rightly gives another document. Hostile texts for them are in [planted].
var decisive = []string{
	"Report.Schema", "Build.Status", "Base.Why", "Step.ID", "Step.Status", "Step.Causes", "Cause.ID", "Cause.Kind", "Cause.Steps",
	"Evidence.NeededBy", "FileChange.Change", "Cache.Direction", "Phase.Kind", "Gate.Status", "Suggestion.Placed", "Past.StartedAt",
	"TopCause.Kind", "Past.Status",
	// Whose hash is shown, or nothing.
	"Build.Commit", "Base.Commit", "FileChange.Commit", "Past.Commit", "Writer.Commit",
	// Links are made by us.
	"Links.Server", "Links.Repository", "Links.Commit", "Links.RunID", "Links.Page",
}

// everywhere is a report with a text in every field that holds one and does not
// decide what is rendered: a field added later is one of them.
func everywhere(b build, s string) report.Report {
	r := b.report()
	if strings.IndexFunc(s, func(c rune) bool { return c > ' ' && !unseen(c) }) < 0 {
		s = "x" + s // nothing at all is another shape
	}
	plant(reflect.ValueOf(&r).Elem(), "", s)
	return r
}

// plant writes the text into the strings of a value, where there was one.
func plant(v reflect.Value, name, s string) {
	if slices.Contains(decisive, name) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.String() != "" {
			v.SetString(s)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			plant(v.Elem(), name, s)
		}
	case reflect.Slice:
		// A copy: the scenario is used again.
		if v.Len() > 0 {
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		}
		for i := range v.Len() {
			plant(v.Index(i), name, s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				plant(v.Field(i), v.Type().Name()+"."+f.Name, s)
			}
		}
	}
}

// shapes are the kinds of report that are rendered in different ways. All have a
// best set, silences, findings of checks, warnings, differences of verified images.
func shapes() map[string]build {
	all := map[string]build{}
	for _, name := range []string{"trend", "several-causes", "first-build", "all-hit", "failed", "phases"} {
		all[name] = scenarios()[name]
	}
	full := scenarios()["several-causes"]
	full.suggestions = append([]advice.Suggestion{}, full.suggestions...)
	for i := range full.suggestions {
		full.suggestions[i].Assumes = []string{"something"}
		full.suggestions[i].Verified = &advice.Verification{SecondsBefore: 9, SecondsAfter: 3, Differences: []string{"one"}, DifferenceCount: 1}
	}
	full.past = trend().past
	all["full"] = full
	return all
}

// tameShapes are the structures of the documents with a harmless text everywhere.
var tameShapes = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for name, b := range shapes() {
		r := everywhere(b, "word")
		all[name+" comment"], _ = structure(wholeComment(r))
		all[name+" summary"], _ = structure(report.Summary(r))
	}
	for name, render := range documents {
		all["planted "+name], _ = structure(render(planted("word")))
	}
	return all
})
