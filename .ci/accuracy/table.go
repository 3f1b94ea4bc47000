package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// row sums up the verdicts on one kind of cause.
type row struct {
	cases                     int
	verdicts                  map[verdict]int
	listed, expected, matched int
}

// summary is what the cases came to.
type summary struct {
	cases     int
	verdicts  map[verdict]int
	kinds     map[string]*row
	mutations map[string]int
	doubted   int
}

func summarize(trials []*trial) summary {
	s := summary{verdicts: map[verdict]int{}, kinds: map[string]*row{}, mutations: map[string]int{}}
	at := func(kind string) *row {
		if s.kinds[kind] == nil {
			s.kinds[kind] = &row{verdicts: map[verdict]int{}}
		}
		return s.kinds[kind]
	}
	for _, t := range trials {
		s.cases++
		s.verdicts[t.judgement.overall]++
		if len(t.doubts) > 0 {
			s.doubted++
		}
		for _, m := range t.mutations {
			s.mutations[m]++
		}
		for kind, v := range t.judgement.kinds {
			r := at(kind)
			r.cases++
			r.verdicts[v]++
		}
		for kind := range t.judgement.kinds {
			r := at(kind)
			r.listed += t.judgement.listed[kind]
			r.expected += t.judgement.expected[kind]
			r.matched += t.judgement.matched[kind]
		}
	}
	return s
}

// write prints the tables, in Markdown.
func (s summary) write(w io.Writer) {
	fmt.Fprintln(w, "| kind | cases | right | wrong | unexplained | files: precision | recall |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|")
	total := row{cases: s.cases, verdicts: s.verdicts}
	for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
		r := s.kinds[kind]
		label := kind
		if kind != nothing {
			label = "`" + kind + "`"
		}
		r.write(w, label)
		total.listed += r.listed
		total.expected += r.expected
		total.matched += r.matched
	}
	total.write(w, "**all cases**")
	if s.doubted > 0 {
		fmt.Fprintf(w, "\n%d cases in which the daemon contradicts the truth\n", s.doubted)
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| mutation | cases |")
	fmt.Fprintln(w, "|---|--:|")
	for _, m := range slices.Sorted(maps.Keys(s.mutations)) {
		fmt.Fprintf(w, "| %s | %d |\n", m, s.mutations[m])
	}
}

func (r row) write(w io.Writer, label string) {
	share := func(of int) string {
		switch {
		case r.listed+r.expected == 0:
			return ""
		case of == 0:
			return "0 %"
		}
		return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*float64(r.matched)/float64(of)), ".0") + " %"
	}
	fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %s | %s |\n", label, r.cases,
		r.verdicts[right], r.verdicts[wrong], r.verdicts[unexplained], share(r.listed), share(r.expected))
}

// good says that no answer was wrong, that one in a hundred at most was none, and
// that the daemon never contradicted the truth.
func (s summary) good() bool {
	return s.verdicts[wrong] == 0 && 100*s.verdicts[unexplained] <= s.cases && s.doubted == 0
}
