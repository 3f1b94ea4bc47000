package advice

import (
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

func TestMemoryOfABuild(t *testing.T) {
	in := func(ref string) record.CacheAccess {
		return record.CacheAccess{Direction: record.Import, Type: "registry", Ref: ref}
	}
	out := func(ref, mode string) record.CacheAccess {
		return record.CacheAccess{Direction: record.Export, Type: "registry", Ref: ref, Mode: mode}
	}
	chosen, failed, local := in("main"), out("main", "max"), out("main", "max")
	chosen.Chosen, failed.Error, local.Type = true, "denied", "local"
	build := func(caches ...record.CacheAccess) *record.Record { return &record.Record{Caches: caches} }
	for _, tt := range []struct {
		name    string
		head    *record.Record
		earlier []*record.Record
		want    replay.Memory
	}{
		{"a builder that keeps its store", build(out("main", "max")), nil, replay.Everything},
		{"all steps exported", build(in("main"), out("main", "max")), nil, replay.LastBuild},
		{"the image's steps exported", build(in("main"), out("main", "min")), nil, replay.LastImage},
		{"a cache of ours", build(chosen), nil, replay.LastBuild},
		{"a cache that nobody is known to have written", build(in("main")), []*record.Record{nil, build(out("other", "max"))}, replay.LastImage},
		{"a pull request that exports nothing", build(in("main")), []*record.Record{nil, build(in("main")), build(in("main"), out("main", "max"))}, replay.LastBuild},
		{"the last to write it counts", build(in("main")), []*record.Record{build(out("main", "min")), build(out("main", "max"))}, replay.LastImage},
		{"an export that failed wrote nothing", build(in("main")), []*record.Record{build(failed), build(out("main", "min"))}, replay.LastImage},
		{"a cache of another type", build(in("main")), []*record.Record{build(local)}, replay.LastImage},
	} {
		if got := memoryOf(tt.head, tt.earlier); got != tt.want {
			t.Errorf("%s: memory %d, want %d", tt.name, got, tt.want)
		}
	}
}
