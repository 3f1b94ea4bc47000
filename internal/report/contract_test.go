package report_test

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// contract is every key that report.json always has, as it was promised.
// Optional ones follow in optional.
const contract = `
schema build totals steps causes caches suggestions gates warnings
build.ref build.dockerfile build.target build.platforms build.commit build.base build.startedAt build.wallSeconds build.status
build.base.ref build.base.commit build.base.why
totals.steps totals.hits totals.misses totals.notRun totals.hitRate totals.savedSeconds totals.savedIsLowerBound totals.lostSeconds
totals.importSeconds totals.exportSeconds totals.importBytes totals.exportBytes totals.netSavedSeconds
totals.downloadSeconds totals.downloadBytes totals.withoutCacheSeconds totals.withoutMissesSeconds totals.withoutAvoidableSeconds totals.residueSeconds
steps.id steps.stage steps.platform steps.instruction steps.file steps.line steps.endLine steps.status steps.seconds
steps.transferSeconds steps.savedSeconds steps.critical steps.causes
causes.id causes.kind causes.file causes.line causes.endLine causes.instruction causes.subject causes.detail causes.evidence causes.steps causes.lostSeconds
causes.evidence.files causes.evidence.files.path causes.evidence.files.change
caches.direction caches.type caches.ref caches.seconds caches.bytes caches.error caches.verdict
suggestions.rule suggestions.title suggestions.file suggestions.line suggestions.endLine suggestions.patch suggestions.predicted suggestions.verified
suggestions.predicted.commits suggestions.predicted.missesBefore suggestions.predicted.missesAfter suggestions.predicted.secondsSavedPerBuild
suggestions.verified.secondsBefore suggestions.verified.secondsAfter suggestions.verified.sameFiles
gates.gate gates.status gates.detail`

const optional = `
checks checks.rule checks.description checks.url checks.file checks.line checks.endLine checks.message
build.failure build.failure.message build.failure.file build.failure.line build.failure.endLine
steps.intervals steps.intervals.start steps.intervals.end steps.intervals.transfer caches.start
causes.evidence.name causes.evidence.before causes.evidence.after causes.evidence.neededBy causes.evidence.compared
causes.evidence.searched causes.evidence.error causes.stillLost suggestions.predicted.commitsSaved suggestions.assumes
bestSet bestSet.suggestions bestSet.patch bestSet.predicted bestSet.predicted.commits bestSet.predicted.commitsSaved
bestSet.predicted.missesBefore bestSet.predicted.missesAfter bestSet.predicted.secondsSavedPerBuild`

func TestKeys(t *testing.T) {
	r := severalCauses().report()
	r.Gates = append(r.Gates, report.Gate{Gate: "hit-rate", Status: "pass"})
	got := map[string]bool{}
	var decoded any
	if err := json.Unmarshal(encode(t, r), &decoded); err != nil {
		t.Fatal(err)
	}
	collect(decoded, "", got)
	for _, k := range strings.Fields(optional) {
		delete(got, k)
	}
	var keys []string
	for k := range got {
		keys = append(keys, k)
	}
	want := strings.Fields(contract)
	sort.Strings(keys)
	sort.Strings(want)
	if d := cmp.Diff(want, keys); d != "" {
		t.Errorf("keys of report.json (-contract +got):\n%s", d)
	}
	if r.Schema != "layercause.report/v1" {
		t.Errorf("schema is %q", r.Schema)
	}
}

func collect(v any, prefix string, keys map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			keys[prefix+k] = true
			collect(x, prefix+k+".", keys)
		}
	case []any:
		for _, x := range v {
			collect(x, prefix, keys)
		}
	}
}

func TestNothingIsNull(t *testing.T) {
	empty := report.New(&record.Record{}, nil, nil, timing.Ledger{}, advice.Advice{}, nil)
	if b := encode(t, empty); bytes.Contains(b, []byte("null")) {
		t.Errorf("null in the report of an empty record:\n%s", b)
	}
	if empty.Build.Base.Why != report.WhyNone {
		t.Errorf("without a base, why is %q", empty.Build.Base.Why)
	}
	for name, b := range scenarios() {
		if b := encode(t, b.report()); bytes.Contains(b, []byte(": null")) {
			t.Errorf("%s: null in its report", name)
		}
	}
}

// TestRoundTrip reads a report back: renderings can be made from report.json.
func TestRoundTrip(t *testing.T) {
	for name, b := range scenarios() {
		r := b.report()
		r.Links = report.Links{}
		var back report.Report
		if err := json.Unmarshal(encode(t, r), &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(report.Comment(r), report.Comment(back)); d != "" {
			t.Errorf("%s: the comment of the report read back differs:\n%s", name, d)
		}
	}
}

func encode(t *testing.T, r report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
