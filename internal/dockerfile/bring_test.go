package dockerfile_test

import (
	"slices"
	"testing"

	"github.com/layercause/layercause/internal/dockerfile"
)

func TestBring(t *testing.T) {
	f, err := dockerfile.Parse("Dockerfile", []byte(`FROM a AS first
onbuild  copy --link . /app
ONBUILD ARG VERSION=1
RUN one
FROM first \
  AS second
RUN two
FROM b
RUN three
`))
	if err != nil {
		t.Fatal(err)
	}
	f.Bring(1, f.Triggers(0))
	// What an image brings is no text of ours.
	f.Bring(2, []string{"RUN make", "", "RUN a\nRUN b", "FROM x", "\x00", "WORKDIR /srv"})
	var texts []string
	for _, in := range f.Instructions {
		texts = append(texts, in.Text)
		if in.Brought && (in.Line != f.Instructions[f.Stages[in.Stage].From].Line || in.Bytes != dockerfile.Range{}) {
			t.Errorf("%q has line %d and bytes %v", in.Text, in.Line, in.Bytes)
		}
	}
	want := []string{
		"FROM a AS first", "onbuild  copy --link . /app", "ONBUILD ARG VERSION=1", "RUN one",
		"FROM first   AS second", "ONBUILD copy --link . /app", "ONBUILD ARG VERSION=1", "RUN two",
		"FROM b", "ONBUILD RUN make", "ONBUILD WORKDIR /srv", "RUN three",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
	for s, stage := range f.Stages {
		if in := f.Instructions[stage.From]; in.Command != "FROM" || in.Stage != s {
			t.Errorf("stage %d starts with %q", s, in.Text)
		}
	}
	copying, arg := f.Instructions[5], f.Instructions[6]
	if _, link := copying.Flag("link"); !link || copying.Command != "COPY" || copying.EndLine != 6 || !copying.Cacheable() {
		t.Errorf("the COPY was read as %+v", copying)
	}
	if arg.Command != "ARG" || !slices.Equal(arg.Names, []string{"VERSION"}) {
		t.Errorf("the ARG was read as %+v", arg)
	}
}
