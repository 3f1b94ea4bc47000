package builder_test

import (
	"testing"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// BenchmarkUnix is what a given address costs before the build's first request.
func BenchmarkUnix(b *testing.B) {
	d := buildkittest.Start(b, buildkittest.Options{})
	for b.Loop() {
		c, err := builder.Connect(b.Context(), builder.Options{Address: d.Address})
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// BenchmarkChild is what a build without any builder pays for one, with a state
// that is there already.
func BenchmarkChild(b *testing.B) {
	o := childOptions(b, b.TempDir(), ownTemp(b))
	for b.Loop() {
		c, err := builder.Connect(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
