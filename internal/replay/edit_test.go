package replay_test

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/replay"
)

const plainService = `FROM example.com/base
COPY . .
RUN npm ci
RUN npm run build
`

const betterService = `FROM example.com/base
COPY package.json ./
RUN npm ci
COPY . .
RUN npm run build
`

func TestEditsAreCarried(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", "# old\n"+plainService, "package.json", "1", "a", "1", "README", "1")
	r.commit("a", "2")
	r.commit("README", "2")
	r.commit("Dockerfile", plainService)
	r.commit("package.json", "2")
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "3!(.git,a) 4 5", "3!(.git,README) 4 5", "2!(.git,Dockerfile) 3 4", "2!(.git,package.json) 3 4")
	ignore := replay.Edit{After: []byte(".git\nREADME\nDockerfile\n.dockerignore\n")}
	res := check(t, h, replay.Recipe{Edits: map[string]replay.Edit{".dockerignore": ignore}},
		"3!(a) 4 5", "", "", "2!(package.json) 3 4")
	if res.Unfit != 0 {
		t.Errorf("%d unfit", res.Unfit)
	}
	order := replay.Edit{Before: []byte(plainService), After: []byte(betterService)}
	res = check(t, h, replay.Recipe{Edits: map[string]replay.Edit{".dockerignore": ignore, "Dockerfile": order}},
		"5!(a) 6", "", "", "2!(package.json) 3 4!(package.json) 5")
	if res.Builds[0].Plan.Current || !res.Builds[3].Plan.Current || len(res.Builds[3].Plan.Steps) != 4 {
		t.Errorf("plans: %+v, %+v", res.Builds[0].Plan, res.Builds[3].Plan)
	}
}

func TestEditsThatDoNotFit(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", strings.Replace(plainService, "RUN npm ci", "RUN npm install", 1), "package.json", "1", ".dockerignore", ".git\nDockerfile\n", "a", "1")
	r.commit("a", "2")
	r.commit("Dockerfile", plainService)
	r.commit("a", "3")
	h := r.read(replay.Options{})
	order := replay.Edit{Before: []byte(plainService), After: []byte(betterService)}
	res := check(t, h, replay.Recipe{Edits: map[string]replay.Edit{"Dockerfile": order}},
		"2!(a) 3 4", "2! 3! 4 5", "4!(a) 5")
	if res.Unfit != 1 {
		t.Errorf("%d unfit, want the one with another command", res.Unfit)
	}
	broken := replay.Edit{Before: []byte(plainService), After: []byte("FROM example.com/base\nCOPY --from=nowhere:: / /\nBOGUS\n")}
	res = check(t, h, replay.Recipe{Edits: map[string]replay.Edit{"Dockerfile": broken}},
		"2!(a) 3 4", "3! 4", "2!(a) 3 4")
	if res.Unfit != 3 || res.Unread != 0 {
		t.Errorf("%d unfit and %d unread: an edit that leaves no Dockerfile saves nothing", res.Unfit, res.Unread)
	}
	exists := replay.Edit{After: []byte("a\n")}
	if res = check(t, h, replay.Recipe{Edits: map[string]replay.Edit{".dockerignore": exists}},
		"2!(a) 3 4", "3! 4", "2!(a) 3 4"); res.Unfit != 3 {
		t.Errorf("%d unfit, want those that have such a file", res.Unfit)
	}
	own := replay.Edit{After: []byte(".git\nDockerfile*\na\n")}
	if res = check(t, h, replay.Recipe{Edits: map[string]replay.Edit{"Dockerfile.dockerignore": own}}, "", "3! 4", ""); res.Unfit != 0 {
		t.Errorf("%d unfit", res.Unfit)
	}
}

// With today's Dockerfile at every commit, what was mended since saves nothing.
func TestToday(t *testing.T) {
	r := newRepository(t)
	const old = "FROM example.com/base\nCOPY . .\nRUN install\nRUN make\n"
	const mended = "FROM example.com/base\nCOPY lock .\nRUN install\nCOPY . .\nRUN make\n"
	r.commit("Dockerfile", old, ".dockerignore", ".git\nDockerfile\n", "lock", "1", "a", "1")
	r.commit("a", "2")
	r.commit("a", "3")
	r.commit("Dockerfile", mended)
	r.commit("a", "4")
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "2!(a) 3 4", "2!(a) 3 4", "2! 3 4 5", "4!(a) 5")
	check(t, h, replay.Recipe{Today: true}, "4!(a) 5", "4!(a) 5", "", "4!(a) 5")
	edit := map[string]replay.Edit{"Dockerfile": {Before: []byte(mended), After: []byte("FROM example.com/base\nCOPY lock .\nRUN install\nCOPY a .\nRUN make\n")}}
	check(t, h, replay.Recipe{Today: true, Edits: edit}, "4!(a) 5", "4!(a) 5", "", "4!(a) 5")
}
