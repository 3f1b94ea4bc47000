package history

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// TestALargeHistoryLosesItsOldest packs records that share nothing.
func TestALargeHistoryLosesItsOldest(t *testing.T) {
	var a archive
	for i := range 20 {
		text := make([]byte, 1<<20)
		rand.NewChaCha8([32]byte{byte(i)}).Read(text)
		x := summarize(newBuild(record.Salt{}, i, ""), fmt.Sprintf("20260102T030405.%09dZ-1.json.zst", i), nil)
		a.insert(archived{x.Name, text}, x)
	}
	data, err := a.encode()
	if err != nil || len(data) > MaxArchive {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	b, err := readArchive(data)
	if err != nil || len(b.records) == 0 || len(b.records) == 20 || b.records[0].name != a.records[0].name {
		t.Errorf("%d of 20 records came back, %v", len(b.records), err)
	}
}

// TestAnArchiveIsSmall measures an archive of fifty builds of a context of 2,000
// files, of which each build changes five.
func TestAnArchiveIsSmall(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	const files = 2000
	m := record.Manifest{
		Name: "context", Digests: make([]byte, files*record.DigestSize), Data: make([]byte, files*record.DataSize),
		Modes: make([]uint32, files), Sizes: make([]int64, files),
	}
	for i := range files {
		m.Paths = append(m.Paths, fmt.Sprintf("src/packages/%03d/component-%04d.ts", i/20, i))
		m.Sizes[i] = int64(random.Uint64() % 20000)
	}
	random.Read(m.Digests)
	random.Read(m.Data)
	var remote shelf
	single := 0
	for i := range Keep {
		for range 5 {
			at := int(random.Uint64() % files)
			random.Read(m.Digests[at*record.DigestSize : (at+1)*record.DigestSize])
			random.Read(m.Data[at*record.DataSize : (at+1)*record.DataSize])
			m.Sizes[at] = int64(random.Uint64() % 20000)
		}
		r := newBuild(record.Salt{1}, i, strings.Repeat(fmt.Sprintf("%022d ", i), 30))
		r.Manifests = []record.Manifest{m}
		data, err := record.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		single = len(data)
		s := open(t)
		if err := s.writeSalt(record.Salt{1}); err != nil {
			t.Fatal(err)
		}
		if err := NewMirror(s, &remote).Save(t.Context(), r, data); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("an archive of %d records has %.2f MiB, one record %.2f MiB", Keep, float64(len(remote[0]))/(1<<20), float64(single)/(1<<20))
	if a, err := readArchive(remote[0]); err != nil || len(a.records) != Keep {
		t.Fatalf("%d records, %v", len(a.records), err)
	}
	if len(remote[0]) > 4*single {
		t.Errorf("the archive has %d bytes, one record %d", len(remote[0]), single)
	}
}
