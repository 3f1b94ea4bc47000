package runnertest

import (
	"compress/gzip"
	"io"
	"testing"
	"time"
)

// maxImage is what the action's image may have, in bytes, pulled and unpacked: each
// job waits for it.
const maxImage = 40_000_000

// maxStart is what the action may take until the build begins, with a builder that
// is there. It is the best of some runs that counts: the machine has other work too.
const maxStart = time.Second

func testImage(t *testing.T, w world) {
	found, err := w.docker.Engine.ImageInspect(t.Context(), actionRef)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := w.docker.Engine.ImageSave(t.Context(), []string{actionRef})
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	var packed counter
	z := gzip.NewWriter(&packed)
	if _, err := io.Copy(z, saved); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("the image has %.1f MB, %.1f MB packed", float64(found.Size)/1e6, float64(packed)/1e6)
	if found.Size < 1e6 || found.Size >= maxImage || int64(packed) >= maxImage {
		t.Errorf("the image has %d bytes, %d packed; it may have %d", found.Size, packed, maxImage)
	}

	var version, start []time.Duration
	job := w.start(t, nil)
	job.Run(t, w.step(nil)) // makes the builder
	for range 3 {
		_, _, ran := w.runner.start(t, "/layercause", []string{"version"}, nil, "")
		version = append(version, ran.ended.Sub(ran.started))

		r := job.Run(t, w.step(nil))
		start = append(start, r.Building.Sub(r.Started))
	}
	w.end(t, job)
	t.Logf("from the container's start to its end with the command version: %v; to the begin of the build: %v", version, start)
	for what, times := range map[string][]time.Duration{"version": version, "to begin the build": start} {
		best := min(times[0], times[1], times[2])
		if best <= 0 || best >= maxStart {
			t.Errorf("%s takes %v at best; it may take %v", what, best, maxStart)
		}
	}
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
