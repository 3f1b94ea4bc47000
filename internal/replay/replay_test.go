package replay_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/replay"
)

const service = `FROM example.com/base
WORKDIR /app
COPY package.json ./
RUN npm ci
COPY . .
RUN npm run build
`

func TestReplay(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", service, ".dockerignore", ".git\ndocs\nDockerfile\n.dockerignore\n", "package.json", "{}", "src/a.js", "1", "docs/x.md", "1")
	r.commit("src/a.js", "2")
	r.commit("docs/x.md", "2")
	r.commit("package.json", "{ }")
	r.commit("src/a.js", "1", "src/b.js", "1")
	r.commit("src/b.js", "")
	r.commit("Dockerfile", "# the service\n"+service)
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{},
		"5!(src/a.js) 6",
		"",
		"3!(package.json) 4 5!(package.json) 6",
		"5!(src/a.js,src/b.js) 6",
		"5!(src/b.js) 6",
		"",
	)
	check(t, h, replay.Recipe{Every: []string{"COMMIT"}},
		"5!(src/a.js) 6",
		"",
		"3!(package.json) 4 5!(package.json) 6",
		"5!(src/a.js,src/b.js) 6",
		"5!(src/b.js) 6",
		"",
	)
}

func TestStages(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", `FROM example.com/base AS build
ARG COMMIT
COPY src src
RUN make
FROM example.com/base
COPY conf conf
COPY --from=build /out /out
RUN check
`, "src/a", "1", "conf/a", "1")
	r.commit("src/a", "2")
	r.commit("conf/a", "2")
	r.commit("other", "2")
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "3!(src/a) 4 7~ 8~", "6!(conf/a) 7 8", "")
	check(t, h, replay.Recipe{Every: []string{"COMMIT"}}, "3!(src/a) 4![COMMIT] 7~ 8~", "4![COMMIT] 6!(conf/a) 7 8", "4![COMMIT] 7~ 8~")
	check(t, h, replay.Recipe{Memory: replay.LastImage}, "3!(src/a) 4 7~ 8~", "3 4 6!(conf/a) 7 8", "")
}

// Two equal COPY --link are one operation, and yet two steps, neither of which needs
// the other.
func TestSharedOperation(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", `FROM example.com/base AS build
RUN install
COPY --link src src
RUN make
FROM example.com/base
COPY --link --from=build /out /out
COPY --link src src
`, "src/a", "1")
	r.commit("src/a", "2")
	res := check(t, r.read(replay.Options{}), replay.Recipe{}, "3!(src/a) 4 6~ 7!(src/a)")
	var got [][]int
	for _, s := range res.Builds[0].Plan.Steps {
		got = append(got, s.Inputs)
	}
	want := [][]int{nil, {0}, {1}, {2}, {3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the steps need (-want +got):\n%s", diff)
	}
}
