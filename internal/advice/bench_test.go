package advice_test

import (
	"fmt"
	"testing"

	"github.com/layercause/layercause/internal/advice"
)

// A context of 100,000 files, of which one changed.
func BenchmarkSuggest(b *testing.B) {
	in, ok := everythingChanged(b, "FROM node:24\nARG COMMIT\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN echo $COMMIT\n")
	if !ok {
		b.Fatal("the Dockerfile does not parse")
	}
	sizes := map[string]int64{"package.json": 1, "package-lock.json": 1}
	for i := range 100_000 {
		sizes[fmt.Sprintf("src/%d/%d.js", i/100, i)] = 4000
	}
	m := &in.Head.Manifests[0]
	m.Paths, m.Modes, m.Sizes, m.Digests, m.Data = nil, nil, nil, nil, nil
	fill(m, sizes, ".")
	window(b, &in)
	for b.Loop() {
		if len(advice.Suggest(in).Suggestions) == 0 {
			b.Fatal("nothing is suggested")
		}
	}
}
