package buildcontext

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// A context of 100,000 files of 2 to 6 KiB, none of which was hashed before. make
// bench compares it with sha256sum.
func BenchmarkSnapshotOf100kFiles(b *testing.B) {
	const files = 100_000
	dir := b.TempDir()
	r := rand.NewChaCha8([32]byte{'f', 'i', 'l', 'e', 's'})
	buf := make([]byte, 6<<10)
	total := int64(0)
	for i := range files {
		folder := filepath.Join(dir, fmt.Sprintf("pkg%02d/mod%03d", i/5000, i/50%100))
		if i%50 == 0 {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		data := buf[:2<<10+r.Uint64()%(4<<10)]
		r.Read(data)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("file%02d.bin", i%50)), data, 0o644); err != nil {
			b.Fatal(err)
		}
		total += int64(len(data))
	}
	done := make(chan struct{})
	close(done) // no daemon reads along
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		t, err := Open(dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		s, err := t.Snapshot(b.Context(), Filter{}, done)
		if err != nil {
			b.Fatal(err)
		}
		if len(s.Entries) < files {
			b.Fatalf("%d entries", len(s.Entries))
		}
	}
}
