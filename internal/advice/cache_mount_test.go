package advice

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// Each case of testdata/mounts is a Dockerfile (without one, it runs what its file
// run says on an image of no known name) of which every RUN runs again, with the
// files of its context. Its want has the lines that cache-mount writes, and why it
// leaves others as they are.
func TestMounts(t *testing.T) {
	eachCase(t, "testdata/mounts", func(t *testing.T, context map[string]string) string {
		text, ok := context["Dockerfile"]
		if !ok {
			text = "FROM base\nRUN " + context["run"]
		}
		delete(context, "Dockerfile")
		delete(context, "run")
		s := everyCopyChanged(t, text, context, false)
		s.rule = "cache-mount"
		var b strings.Builder
		for _, c := range mountCaches(s) {
			before := strings.Split(string(c.Edits[0].Before), "\n")
			for line := range strings.SplitSeq(strings.TrimSuffix(string(c.Edits[0].After), "\n"), "\n") {
				if !slices.Contains(before, line) {
					fmt.Fprintln(&b, line)
				}
			}
		}
		for _, x := range s.silences {
			fmt.Fprintf(&b, "silent: %s\n", x.Why)
		}
		return b.String()
	})
}

// A mount is of no use on a builder that ends with its job.
func TestMountsEnd(t *testing.T) {
	const text = "FROM base\nRUN pip install flask\n"
	hit := []record.Step{{Instruction: 1, Status: record.Hit}}
	imported := []record.CacheAccess{{Direction: record.Import}}
	kept := &record.Record{Builder: record.Builder{Worker: "w"}}
	for name, tt := range map[string]struct {
		head record.Record
		base *record.Record
		past []*record.Record
		says bool
	}{
		"no builder":                   {head: record.Record{}, says: true},
		"nothing of an earlier build":  {head: record.Record{Builder: record.Builder{Driver: "docker-container", Worker: "w"}}},
		"hits of its own store":        {head: record.Record{Builder: record.Builder{Driver: "unix"}, Steps: hit}, says: true},
		"hits of a cache":              {head: record.Record{Builder: record.Builder{Driver: "unix", Worker: "w"}, Steps: hit, Caches: imported}},
		"compared with one of its own": {head: record.Record{Builder: record.Builder{Driver: "unix", Worker: "w"}, Caches: imported}, base: kept, says: true},
		"compared with one of another": {head: record.Record{Builder: record.Builder{Driver: "unix", Worker: "v"}, Caches: imported}, base: kept},
		"an earlier build was its own": {head: record.Record{Builder: record.Builder{Driver: "unix", Worker: "w"}, Caches: imported}, past: []*record.Record{kept}, says: true},
		"no store is named":            {head: record.Record{Builder: record.Builder{Driver: "unix"}, Caches: imported}, base: &record.Record{}},
		"a step's measurement is its own": {head: record.Record{Builder: record.Builder{Driver: "unix", Worker: "w"}, Caches: imported,
			Steps: []record.Step{{Instruction: 1, Earlier: &record.Measurement{Worker: "w"}}}}, says: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := everyCopyChanged(t, text, nil, false)
			head := tt.head
			head.ID, head.Dockerfile = "head", s.Head.Dockerfile
			s.Head, s.Base, s.Past, s.memory = &head, tt.base, tt.past, memoryOf(&head)
			got := mountCaches(s)
			if (len(got) > 0) != tt.says || (len(s.silences) > 0) == tt.says {
				t.Errorf("it gives %d suggestions, and is silent because %v", len(got), s.silences)
			}
		})
	}
}
