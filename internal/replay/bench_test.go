package replay_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/replay"
)

// The repository that the speed is measured on.
const (
	benchFiles   = 20_000
	benchCommits = 1_000
	benchSteps   = 30
)

// benchDockerfile has benchSteps steps.
func benchDockerfile() string {
	var b strings.Builder
	b.WriteString("FROM example.com/base AS build\nARG COMMIT\nWORKDIR /app\n")
	for i := range (benchSteps - 4) / 2 {
		fmt.Fprintf(&b, "COPY dir%d/ dir%d/\nRUN make part%d\n", i, i, i)
	}
	b.WriteString("COPY . .\nRUN make\nFROM example.com/base\nCOPY --from=build /app/out /app\n")
	return b.String()
}

// benchRepository makes the repository with git fast-import.
func benchRepository(tb testing.TB) *repository {
	tb.Helper()
	r := newRepository(tb)
	cmd := exec.Command("git", "-C", r.dir, "fast-import", "--quiet")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(in)
	path := func(i int) string { return fmt.Sprintf("dir%d/sub%d/part%d/file%d.go", i%40, i%7, i%11, i) }
	put := func(path, text string) { fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text) }
	begin := func(n int) {
		fmt.Fprintf(w, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata 1\nx\n", 1_700_000_000+n)
	}
	begin(0)
	put("Dockerfile", benchDockerfile())
	put(".dockerignore", ".git\n**/*.md\n!README.md\nnode_modules\ndocs/**\n")
	for i := range benchFiles {
		put(path(i), fmt.Sprintf("package p // %d\n", i))
	}
	for n := 1; n <= benchCommits; n++ {
		begin(n)
		for k := range 8 {
			put(path((n*37+k*1013)%benchFiles), fmt.Sprintf("package p // %d %d\n", n, k))
		}
		if n%50 == 0 {
			put("Dockerfile", fmt.Sprintf("# %d\n%s", n, strings.Replace(benchDockerfile(), "make part3", fmt.Sprint("make part3 ", n), 1)))
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		tb.Fatal(err)
	}
	return r
}

// measure reads and replays once, and gives the time and how much the heap grew at
// most, in bytes.
func measure(tb testing.TB, r *repository) (took time.Duration, heap uint64) {
	tb.Helper()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var top uint64
		for {
			select {
			case <-stop:
				peak <- top
				return
			case <-time.After(5 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				top = max(top, m.Sys-m.HeapReleased)
			}
		}
	}()
	start := time.Now()
	h, err := replay.Read(tb.Context(), replay.Options{Dir: r.dir, Commits: benchCommits})
	if err != nil {
		tb.Fatal(err)
	}
	read := time.Since(start)
	res, err := h.Replay(replay.Recipe{Every: []string{"COMMIT"}})
	if err != nil {
		tb.Fatal(err)
	}
	took = time.Since(start)
	close(stop)
	misses := 0
	for _, b := range res.Builds {
		misses += len(b.Misses)
	}
	if len(res.Builds) != benchCommits || misses < benchCommits {
		tb.Fatalf("%d builds, %d misses", len(res.Builds), misses)
	}
	tb.Logf("read in %s, replayed in %s, %d misses", read, took-read, misses)
	return took, <-peak
}

// BenchmarkReplay reads and replays 1,000 commits of a repository with 20,000 files.
func BenchmarkReplay(b *testing.B) {
	r := benchRepository(b)
	var heap uint64
	for b.Loop() {
		_, h := measure(b, r)
		heap = max(heap, h)
	}
	b.ReportMetric(float64(heap)/1e6, "MB")
}

// The bounds of a replay of the benchmark's repository: 2 s and 300 MB on two cores.
// The test allows for a machine that has other work.
const (
	boundTime = 3 * 2 * time.Second
	boundHeap = 300_000_000
)

func TestReplayIsFast(t *testing.T) {
	took, heap := measure(t, benchRepository(t))
	if took > boundTime {
		t.Errorf("reading and replaying took %s", took)
	}
	if heap > boundHeap {
		t.Errorf("reading and replaying took %d MB", heap/1_000_000)
	}
}
