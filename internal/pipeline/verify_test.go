package pipeline

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
)

const (
	late  = "COPY . .\nRUN sleep 2; cp manifest /installed\n"
	early = "COPY manifest .\nRUN sleep 2; cp manifest /installed\nCOPY . .\n"
	app   = "FROM {base}\nWORKDIR /app\n" + late + "RUN cat source > /built\n"
)

// changed is a repository of which a source was changed since the last build.
func (in *inLab) changed(t *testing.T, files map[string]string) *lab {
	t.Helper()
	all := map[string]string{"Dockerfile": app, "manifest": "packages", "source": "one", ".dockerignore": ".git\nDockerfile\n"}
	for name, text := range files {
		all[name] = text
	}
	l := in.begin(t, all)
	l.commit()
	l.build()
	l.write(map[string]string{"source": "two"})
	l.commit()
	l.build()
	return l
}

func TestVerify(t *testing.T) {
	t.Parallel()
	labs := newLabs(t)
	const random = "head -c 8 /dev/urandom | od -An -tx8 | tr -d ' '"
	for name, run := range map[string]func(t *testing.T){
		"a good suggestion is faster and makes the same files": func(t *testing.T) {
			l := labs.changed(t, nil)
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files"}, all, warnings)
			if n := strings.Count(l.log.String(), "layercause verifies: "); n != 4 {
				t.Errorf("%d builds were announced, want 4:\n%s", n, l.log.String())
			}
		},
		"what was to save time and saves none is refuted": func(t *testing.T) {
			l := labs.changed(t, nil)
			all, warnings := l.verify(l.edit("Dockerfile", "cat source", "cat  source"), l.edit("Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files", "kept, verified, refuted, same files"}, all, warnings)
		},
		"what saves most together is built as one": func(t *testing.T) {
			for _, c := range []struct {
				name, by, warning string
				gains             float64
			}{
				{name: "it holds", by: "cat  source > /built", gains: 2},
				{name: "it saves nothing", by: "sleep 3; cat source > /built", gains: 2, warning: "first, second together are not suggested: a build with them took "},
				{name: "another image", by: "cat source > /other", gains: 2,
					warning: "first, second together are not suggested: with its patch the image differs: /built is no longer there; /other is new"},
			} {
				l := labs.changed(t, nil)
				first := l.edit("Dockerfile", late, early)
				second := l.edit("Dockerfile", "WORKDIR /app", "WORKDIR  /app")
				both := first.Edits[0]
				both.After = []byte(strings.Replace(string(both.After), "cat source > /built", c.by, 1))
				first.Rule, first.Patch, second.Rule, second.Patch = "first", "a patch", "second", "a patch"
				v := newVerification(l.options, l.args, l.head, l.earlier, nil)
				v.on, v.log = l.on, &l.log
				all, warnings := v.run(t.Context(), advice.Advice{
					Suggestions: []advice.Suggestion{first, second},
					Best:        &advice.Set{Members: []int{0, 1}, Edits: []advice.FileEdit{both}, Predicted: advice.Prediction{SecondsSavedPerBuild: c.gains, Gains: []float64{c.gains}}},
					Builds:      []advice.Replayed{{Commit: l.head.Commit.SHA, Reruns: []advice.Rerun{{Text: "RUN something"}}}},
				})
				text := strings.Join(warnings, "\n")
				if (all.Best == nil) != (c.warning != "") || !strings.HasPrefix(text, c.warning) || c.warning == "" && text != "" {
					t.Errorf("%s: the set is %+v, %q", c.name, all.Best, text)
				}
				if b := all.Best; b != nil && (b.Verified == nil || !b.Verified.SameFiles || b.Verified.SecondsBefore-b.Verified.SecondsAfter < costlyStep/2) {
					t.Errorf("%s: it is verified as %+v", c.name, b.Verified)
				}
			}
		},
		"a patch that does not build is a fault of ours": func(t *testing.T) {
			l := labs.changed(t, nil)
			all, warnings := l.verify(
				l.edit("Dockerfile", "cat source", "cat sources"),
				l.edit("Dockerfile", late, early),
				l.edit("Dockerfile", "COPY . .", "CPY . ."),
			)
			l.check([]string{
				"kept, verified, faster, same files",
				"the suggestion rule at Dockerfile:1 was withdrawn: with its patch the build fails: process \"/bin/sh -c cat sources > /built\" " +
					"did not complete successfully: exit code: 1. This is a fault of layercause: please report it",
				"the suggestion rule at Dockerfile:3 was withdrawn: with its patch the build fails: parsing Dockerfile \"Dockerfile\": line 3: " +
					"unknown instruction: CPY. This is a fault of layercause: please report it",
			}, all, warnings)
		},
		"another image is only for a rule that says so": func(t *testing.T) {
			l := labs.changed(t, nil)
			other := strings.Replace(early, "cp manifest /installed", "cp manifest /installed; mkdir /d; echo > /d/extra; chmod 700 /tmp", 1) + "RUN cat source > /built\nUSER nobody\n"
			const whole = late + "RUN cat source > /built\n"
			silent, honest := l.edit("Dockerfile", whole, other), l.edit("Dockerfile", whole, other)
			honest.Declares = []advice.Difference{{Path: "/d", Change: "added"}, {Path: "config.User"}, {Path: "/tmp", Change: "mode"}}
			all, warnings := l.verify(silent, honest)
			l.check([]string{
				"kept, verified, faster, config.User is new, /d is new, /tmp has another mode, 0700 instead of 1777",
				"the suggestion rule at Dockerfile:1 was withdrawn: with its patch the image differs: config.User is new; /d is new; " +
					"/tmp has another mode, 0700 instead of 1777",
			}, all, warnings)
		},
		"what no two builds have the same of is not held against a patch": func(t *testing.T) {
			l := labs.changed(t, map[string]string{"Dockerfile": app +
				"RUN " + random + " > /x; mkdir -p /logs; touch /logs/$(" + random + ").log\n"})
			other := l.edit("Dockerfile", late, strings.Replace(early, "sleep 2", "echo > /extra", 1))
			all, warnings := l.verify(l.edit("Dockerfile", late, early), other)
			l.check([]string{
				"kept, verified, faster, same files",
				"the suggestion rule at Dockerfile:2 was withdrawn: with its patch the image differs: /extra is new",
			}, all, warnings)
			if n := strings.Count(l.log.String(), "layercause verifies: "); n != 8 {
				t.Errorf("%d builds were announced, want 8: the fifth one again before one is withdrawn", n)
			}
		},
		"what changes now and then is not held against a patch": func(t *testing.T) {
			clock := serve(t, func(n int) (string, int) {
				if n > 2+5 { // the user's builds, and those for the first suggestion
					return "11:59", http.StatusOK
				}
				return "11:58", http.StatusOK
			})
			l := labs.changed(t, map[string]string{"Dockerfile": app + "RUN " + random + " > /x; wget -q -O /time " + clock + "\n"})
			all, warnings := l.verify(l.edit("Dockerfile", late, early), l.edit("Dockerfile", "cat source", "cat  source"))
			l.check([]string{"kept, verified, faster, same files", "kept, verified, refuted, same files"}, all, warnings)
		},
		"what fails without the patch too is no fault of the patch": func(t *testing.T) {
			server := serve(t, func(n int) (string, int) {
				if n > 2+2 { // the user's builds, and those without a patch
					return "", http.StatusServiceUnavailable
				}
				return "up", http.StatusOK
			})
			l := labs.changed(t, map[string]string{"Dockerfile": app + "RUN wget -q -O /up " + server + "\n"})
			all, warnings := l.verify(l.edit("Dockerfile", late, early), l.edit("Dockerfile", "cat source", "cat  source"))
			l.check([]string{"kept", "kept", "the suggestions are not verified: this build does not succeed again: process \"/bin/sh -c wget -q -O /up " +
				server + "\" did not complete successfully: exit code: 1"}, all, warnings)
		},
		"the user's cache mounts stay as they are": func(t *testing.T) {
			l := labs.changed(t, map[string]string{"Dockerfile": app +
				"RUN --mount=type=cache,target=/kept,id=verify-kept echo run >> /kept/runs; echo there were $(wc -l < /kept/runs) runs\n"})
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files"}, all, warnings)
			for _, want := range []string{"there were 1 runs", "there were 2 runs"} {
				if n := strings.Count(l.log.String(), want); n != 2 {
					t.Errorf("%d builds say %q, want 2:\n%s", n, want, l.log.String())
				}
			}
			l.write(map[string]string{"source": "three"})
			var log bytes.Buffer
			b, err := buildkit.Prepare(l.options)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Run(t.Context(), l.on, &log); err != nil || !strings.Contains(log.String(), "there were 3 runs") {
				t.Errorf("the user's third build has other runs: %v\n%s", err, log.String())
			}
		},
		"edits that nobody has committed": func(t *testing.T) {
			l := labs.begin(t, map[string]string{"Dockerfile": app, "manifest": "packages", "source": "one", ".dockerignore": ".git\nDockerfile\n", ".gitignore": "made\n"})
			l.commit()
			l.write(map[string]string{"made": "by a tool, and nobody's file"})
			l.build()
			l.write(map[string]string{"source": "two", "more/new": "a file"})
			l.build()
			before := l.state()
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files"}, all, warnings)
			if diff := cmp.Diff(before, l.state()); diff != "" {
				t.Errorf("the work tree is another one:\n%s", diff)
			}
		},
		"a file that git does not know": func(t *testing.T) {
			l := labs.begin(t, map[string]string{"Dockerfile": app, "manifest": "packages", "source": "one", ".gitignore": "made\n", ".dockerignore": ".git\n"})
			l.commit()
			l.write(map[string]string{"made": "one"})
			l.build()
			l.write(map[string]string{"made": "two"})
			l.build()
			g := l.edit(".dockerignore", ".git\n", ".git\nmade\n")
			g.Declares = []advice.Difference{{Path: "/**/made", Change: "removed"}}
			all, warnings := l.verify(g)
			l.check([]string{"kept, verified, faster, /app/made is no longer there"}, all, warnings)
		},
		"the .git folder": func(t *testing.T) {
			l := labs.begin(t, map[string]string{"Dockerfile": app, "manifest": "packages", "source": "one"})
			l.commit()
			l.build()
			l.commit()
			l.build()
			g := l.edit(".dockerignore", "", ".git\n")
			g.Edits[0].Before = nil
			g.Declares = []advice.Difference{{Path: "/app/.git", Change: "removed"}}
			all, warnings := l.verify(g)
			l.check([]string{"kept, verified, faster, /app/.git is no longer there"}, all, warnings)
		},
		"a build argument that is another one each time": func(t *testing.T) {
			const above, below = "ARG COMMIT\nRUN sleep 2; echo > /installed\n", "RUN sleep 2; echo > /installed\nARG COMMIT\n"
			l := labs.begin(t, map[string]string{"Dockerfile": "FROM {base}\n" + above + "RUN echo $COMMIT > /commit\n"})
			for range 2 {
				l.commit()
				l.options.BuildArgs = []string{"COMMIT=" + l.git("rev-parse", "--short", "HEAD")}
				l.build()
			}
			all, warnings := l.verify(l.edit("Dockerfile", above, below))
			l.check([]string{"kept, verified, faster, same files"}, all, warnings)
		},
		"a folder of the repository": func(t *testing.T) {
			l := labs.begin(t, map[string]string{
				"service/docker/Dockerfile": app, "service/manifest": "packages", "service/source": "one", "assets/a": "1",
				"service/docker/Dockerfile.dockerignore": "docker\n", "service/.dockerignore": "manifest\n",
			})
			l.write(map[string]string{"service/docker/Dockerfile": app + "COPY --from=assets . /assets\n"})
			l.options.Context, l.options.File = filepath.Join(l.tree, "service"), filepath.Join(l.tree, "service/docker/Dockerfile")
			l.options.BuildContexts = []string{"assets=" + filepath.Join(l.tree, "assets")}
			l.commit()
			l.build()
			l.write(map[string]string{"service/source": "two", "assets/b": "2"})
			l.commit()
			l.build()
			all, warnings := l.verify(l.edit("service/docker/Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files"}, all, warnings)
		},
		"a Dockerfile that changed as well": func(t *testing.T) {
			l := labs.changed(t, nil)
			l.write(map[string]string{"Dockerfile": app + "RUN echo more\n", "source": "three"})
			l.commit()
			l.build()
			all, warnings := l.verify(l.edit("Dockerfile", late, early), l.edit("Dockerfile", "RUN echo more", "RUN echo much more"))
			l.check([]string{
				"kept, verified, faster, same files", "kept",
				"the suggestion rule at Dockerfile:2 is not verified: it could not be built: at the commit " + l.earlier.Commit.SHA[:12] +
					" editing \"Dockerfile\": the patch does not fit there",
			}, all, warnings)
		},
		"a commit that does not build": func(t *testing.T) {
			l := labs.begin(t, map[string]string{"Dockerfile": app + "RUN false\n", "manifest": "packages", "source": "one"})
			l.commit()
			l.write(map[string]string{"Dockerfile": app})
			l.build()
			l.write(map[string]string{"source": "two"})
			l.build()
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept", "the suggestions are not verified: the commit " + l.earlier.Commit.SHA[:12] + " of the build before does not build: " +
				"process \"/bin/sh -c false\" did not complete successfully: exit code: 1"}, all, warnings)
		},
		"a commit that the patch does not suit": func(t *testing.T) {
			lenient := strings.Replace(app, "cp manifest /installed", "cat mani* > /installed", 1)
			l := labs.begin(t, map[string]string{"Dockerfile": lenient, "manifesto": "packages", "source": "one", ".dockerignore": "Dockerfile\n.git\n"})
			l.commit()
			l.build()
			l.git("mv", "manifesto", "manifest")
			l.commit()
			l.build()
			all, warnings := l.verify(l.edit("Dockerfile", "COPY . .\n", "COPY manifest .\nCOPY . .\n"))
			want := "the suggestion rule at Dockerfile:1 is not verified: it could not be built: with the patch the commit " +
				l.earlier.Commit.SHA[:12] + " does not build: "
			if len(all.Suggestions) != 1 || all.Suggestions[0].Verified != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], want) {
				t.Errorf("%+v, %q\n%s", all, warnings, l.log.String())
			}
		},
		"secrets reach the builds, and nothing shows them": func(t *testing.T) {
			const secret, value = "Pl4nt3d-secret", "Pl4nt3d-argument"
			l := labs.begin(t, map[string]string{"manifest": "packages", "source": "one", "Dockerfile": strings.Replace(app, "WORKDIR /app\n",
				"ARG NAME\nENV FROM_NAME=$NAME\nWORKDIR /app/$NAME\nRUN --mount=type=secret,id=token test \"$(cat /run/secrets/token)\" = "+
					"$(echo Pl4nt3d)-secret\n", 1)})
			l.options.BuildArgs = []string{"NAME=" + value}
			l.options.SecretValues = map[string][]byte{"token": []byte(secret)}
			l.commit()
			l.build()
			l.write(map[string]string{"source": "two"})
			l.commit()
			l.build()
			honest := l.edit("Dockerfile", late, early+"RUN touch here; rm manifest\nENV FROM_NAME=other$NAME\n")
			honest.Declares = []advice.Difference{{Path: "/app/*/*"}, {Path: "config.Env"}}
			all, warnings := l.verify(l.edit("Dockerfile", late, early+"RUN touch here\n"), honest)
			l.check([]string{
				"kept, verified, faster, config.Env.FROM_NAME has another content, /app/${NAME}/here is new, /app/${NAME}/manifest is no longer there",
				"the suggestion rule at Dockerfile:1 was withdrawn: with its patch the image differs: /app/${NAME}/here is new",
			}, all, warnings)
			_, warnings = l.verify(l.edit("Dockerfile", late, "COPY missing/$NAME .\n"+late))
			if text := strings.Join(warnings, "\n"); !strings.Contains(text, "/missing/${NAME}") || strings.Contains(text, value) {
				t.Errorf("the warnings of a patch that fails are %q", text)
			}
			if text := l.log.String(); strings.Contains(text, secret) {
				t.Errorf("the log shows the secret:\n%s", text)
			}
		},
		"a history that does not reach back": func(t *testing.T) {
			l := labs.changed(t, nil)
			clone := filepath.Join(t.TempDir(), "clone")
			l.git("clone", "-q", "--depth", "1", "file://"+l.tree, clone)
			l.tree, l.options.Context, l.options.Root = clone, clone, clone
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept", "the suggestions are not verified: the commit " + l.earlier.Commit.SHA[:12] + " of the build before is not in " +
				"this checkout: check out more of the history, with fetch-depth: 0 for actions/checkout or git fetch --unshallow"}, all, warnings)
		},
		"no earlier build, and no repository": func(t *testing.T) {
			l := labs.changed(t, nil)
			earlier := l.earlier
			l.earlier = nil
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept", "the suggestions are not verified: there is no earlier build of a known commit to lose the cache to again"}, all, warnings)
			l.earlier = earlier
			if err := os.RemoveAll(filepath.Join(l.tree, ".git")); err != nil {
				t.Fatal(err)
			}
			all, warnings = l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept", "the suggestions are not verified: there is no git repository to take the state of the build before from"}, all, warnings)
		},
		"a result that was lost cannot be lost again": func(t *testing.T) {
			l := labs.begin(t, map[string]string{"Dockerfile": app, "manifest": "packages", "source": "one", ".dockerignore": "Dockerfile\n.git\n"})
			l.commit()
			l.build()
			l.options.NoCache = true
			l.write(map[string]string{"README": "another commit"})
			l.commit()
			l.git("rm", "-q", "README")
			l.build()
			l.options.NoCache = false
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept", "the suggestions are not verified: the commit " + l.earlier.Commit.SHA[:12] +
				" of the build before has nothing that is not the same now"}, all, warnings)
		},
		"it ends when it is interrupted": func(t *testing.T) {
			l := labs.changed(t, nil)
			ctx, cancel := context.WithCancel(t.Context())
			l.interrupts = ctx
			v := newVerification(l.options, l.args, l.head, l.earlier, nil)
			v.on, v.log = l.on, writerFunc(func(p []byte) (int, error) {
				if bytes.Contains(p, []byte("this build, as it is")) {
					cancel()
				}
				return l.log.Write(p)
			})
			g := l.edit("Dockerfile", late, early)
			g.Patch = "a patch"
			all, warnings := v.run(ctx, advice.Advice{Suggestions: []advice.Suggestion{g}})
			l.check([]string{"kept", "verifying the suggestions was cancelled"}, all, warnings)
		},
		"the first of several platforms": func(t *testing.T) {
			l := labs.changed(t, nil)
			l.options.Platforms = []string{"linux/amd64,linux/arm64"}
			all, warnings := l.verify(l.edit("Dockerfile", late, early))
			l.check([]string{"kept, verified, faster, same files", "the suggestions were verified for linux/amd64 alone"}, all, warnings)
		},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); run(t) })
	}
}

// serve is the address of a server whose answer depends on how often it was asked.
func serve(t *testing.T, answer func(n int) (text string, status int)) string {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, status := answer(int(asked.Add(1)))
		w.WriteHeader(status)
		io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
