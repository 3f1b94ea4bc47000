package github_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

var seedsFlag = flag.Int("seeds", 12, "how often the crowd meets in each of its cases")

// crowd is how many jobs of a matrix end at once.
const crowd = 20

// wire carries requests to a server that listens nowhere: each takes its time on the
// way there, and its answer on the way back, so that they overtake one another.
type wire struct {
	server http.Handler
	mu     *sync.Mutex // around random
	random *rand.Rand
	most   time.Duration
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.travel(r); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context()) // as a server gets it
	if served.Body == nil {
		served.Body = http.NoBody
	}
	served.Host = r.URL.Host
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(answer, served)
	if err := w.travel(r); err != nil {
		return nil, err
	}
	return answer.Result(), nil
}

func (w wire) travel(r *http.Request) error {
	w.mu.Lock()
	d := time.Duration(w.random.Int64N(int64(w.most)))
	w.mu.Unlock()
	select {
	case <-time.After(d):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// job is one of the crowd: a process of its own.
func job(t *testing.T, w wire, seed, n uint64) *github.Client {
	random := rand.New(rand.NewPCG(seed, n))
	c, err := github.New(github.Options{
		Token: "ghs_workflow", BaseURL: "http://github.test",
		HTTPClient: &http.Client{Transport: w},
		Random:     func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most))) },
	})
	if err != nil {
		t.Error(err)
	}
	return c
}

// Twenty jobs that end at once lose no section, whatever overtakes what. Time is
// synctest's, so that thousands of seconds cost none.
func TestCrowdLosesNoSection(t *testing.T) {
	for name, c := range map[string]struct {
		slow    time.Duration // the most that a request takes each way
		planted int           // comments of others
		stale   bool          // there is a comment of an earlier commit
		within  time.Duration // that all jobs end at
		failure githubtest.Failure
	}{
		"no comment yet":       {slow: 400 * time.Millisecond},
		"an earlier comment":   {slow: 400 * time.Millisecond, stale: true},
		"within two seconds":   {slow: 400 * time.Millisecond, within: 2 * time.Second},
		"250 other comments":   {slow: 300 * time.Millisecond, planted: 250},
		"a slow server":        {slow: 3 * time.Second, stale: true},
		"a very slow server":   {slow: 5 * time.Second},
		"a server without lag": {slow: time.Millisecond, stale: true},
		"a secondary limit": {slow: 400 * time.Millisecond, stale: true, failure: githubtest.Failure{
			Method: http.MethodPatch, Status: 403, After: 5, Times: 10, Header: http.Header{"Retry-After": {"4"}},
			Body: `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
		}},
		"a long secondary limit": {slow: 400 * time.Millisecond, stale: true, failure: githubtest.Failure{
			Method: http.MethodPatch, Status: 403, After: 5, Times: 2, Header: http.Header{"Retry-After": {"30"}},
			Body: `{"message":"You have exceeded a secondary rate limit.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`,
		}},
		"answers that are lost": {slow: 400 * time.Millisecond, failure: githubtest.Failure{Method: http.MethodPost, Status: 502, Times: 2, Apply: true}},
	} {
		t.Run(name, func(t *testing.T) {
			gh, err := githubtest.New(githubtest.Options{AnyToken: true})
			if err != nil {
				t.Fatal(err)
			}
			var writes, requests, most int
			var longest time.Duration
			seeds := uint64(*seedsFlag)
			if c.planted > 0 {
				seeds = min(seeds, 1) // most of the work is the server's
			}
			for seed := range seeds {
				number := int(seed) + 1
				gh.AddPull(repository, number, headSHA)
				for i := range c.planted {
					gh.Plant(repository, number, githubtest.Identity{ID: 5, Login: "visitor"}, fmt.Sprintf("remark %d", i))
				}
				if c.stale {
					old := comment("stale")
					gh.Plant(repository, number, githubtest.Workflow(), marker()+"\n"+
						"<!-- layercause:section:"+github.Key("gone")+" commit="+strings.Repeat("e", 40)+
						" run=99 attempt=1 state=loud lost=1.0 title= -->\nstale\n\n<!-- /layercause:section:"+old.Sections[0].Key+" -->")
				}
				if c.failure.Status != 0 {
					gh.Fail(c.failure)
				}
				before := len(gh.Requests())
				took, did := together(t, gh, repository, number, seed, c.slow, c.within)
				requests += len(gh.Requests()) - before
				longest = max(longest, took)
				for _, r := range did {
					writes += r.Writes
					most = max(most, r.Writes)
				}
				wantCrowd(t, gh, repository, number, c.planted)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
			n := float64(seeds)
			t.Logf("%d jobs: %.1f requests, of them %.1f writes, at most %d by one job; the last job ended after %v at most",
				crowd, float64(requests)/n, float64(writes)/n, most, longest.Round(time.Millisecond))
			for _, v := range gh.Violations() {
				t.Errorf("against GitHub's description: %s", v)
			}
		})
	}
}

// together lets all jobs publish at once.
func together(t *testing.T, gh *githubtest.Server, repository string, number int, seed uint64, slow, within time.Duration) (took time.Duration, did []github.Result) {
	did = make([]github.Result, crowd)
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		w := wire{server: gh, mu: &sync.Mutex{}, random: rand.New(rand.NewPCG(seed, 77)), most: slow}
		var jobs sync.WaitGroup
		for n := range crowd {
			jobs.Go(func() {
				if within > 0 {
					time.Sleep(time.Duration(n) * within / crowd)
				}
				cm := comment("")
				cm.Repository, cm.Number, cm.Shared = repository, number, true
				cm.Sections = []github.Section{section(fmt.Sprint("leg ", n), said(n))}
				var err error
				if did[n], err = job(t, w, seed, uint64(n)).Publish(t.Context(), cm); err != nil {
					t.Errorf("leg %d: %v", n, err)
				}
			})
		}
		jobs.Wait()
		took = time.Since(started)
	})
	return took, did
}

// A job that GitHub keeps waiting goes on without its comment.
func TestCrowdGivesUpInTime(t *testing.T) {
	gh, err := githubtest.New(githubtest.Options{AnyToken: true})
	if err != nil {
		t.Fatal(err)
	}
	gh.AddPull(repository, number, headSHA)
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		w := wire{server: gh, mu: &sync.Mutex{}, random: rand.New(rand.NewPCG(1, 79)), most: 40 * time.Second}
		late := make([]error, crowd)
		var jobs sync.WaitGroup
		for n := range crowd {
			jobs.Go(func() {
				cm := comment("")
				cm.Shared = true
				cm.Sections = []github.Section{section(fmt.Sprint("leg ", n), said(n))}
				_, late[n] = job(t, w, 1, uint64(n)).Publish(t.Context(), cm)
			})
		}
		jobs.Wait()
		if took := time.Since(started); took > 5*time.Minute {
			t.Errorf("the last job went on after %v", took)
		}
		if err := errors.Join(late...); !errors.Is(err, context.DeadlineExceeded) || github.Advice(late[slices.IndexFunc(late, func(err error) bool { return err != nil })]) == "" {
			t.Errorf("got %v", err)
		}
	})
}

// Jobs of an earlier commit that end among those of the head leave nothing, also where
// the head cannot be asked for.
func TestCrowdOfTwoCommits(t *testing.T) {
	gh, err := githubtest.New(githubtest.Options{AnyToken: true})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(*seedsFlag) {
		number := int(seed) + 1
		gh.AddPull(repository, number, headSHA)
		gh.Fail(githubtest.Failure{Method: http.MethodGet, Path: fmt.Sprintf("/pulls/%d", number), Status: 404, Times: -1})
		outdated := 0
		synctest.Test(t, func(t *testing.T) {
			w := wire{server: gh, mu: &sync.Mutex{}, random: rand.New(rand.NewPCG(seed, 78)), most: 400 * time.Millisecond}
			var jobs sync.WaitGroup
			var mu sync.Mutex
			for n := range crowd {
				jobs.Go(func() {
					cm := comment("")
					cm.Number, cm.Shared = number, true
					cm.Sections = []github.Section{section(fmt.Sprint("leg ", n/2), said(n/2))}
					if n%2 == 0 {
						cm.Commit, cm.Run = strings.Repeat("e", 40), 99
						cm.Sections = []github.Section{section(fmt.Sprint("leg ", n/2), "stale")}
					}
					res, err := job(t, w, seed, uint64(n)).Publish(t.Context(), cm)
					if err != nil {
						t.Errorf("job %d: %v", n, err)
					}
					mu.Lock()
					defer mu.Unlock()
					if res.Did == github.Outdated {
						outdated++
					}
				})
			}
			jobs.Wait()
		})
		list := gh.Comments(repository, number)
		if len(list) != 1 {
			t.Fatalf("seed %d: %d comments", seed, len(list))
		}
		body := list[0].Body
		for n := range crowd / 2 {
			if !says(body, said(n)) {
				t.Errorf("seed %d: leg %d was lost", seed, n)
			}
		}
		if strings.Contains(body, "stale") || outdated == 0 {
			t.Errorf("seed %d: %d jobs were outdated:\n%s", seed, outdated, body)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

func said(n int) string { return fmt.Sprintf("**Leg %d lost the cache.**\n\nMore of leg %d.", n, n) }

func wantCrowd(t *testing.T, gh *githubtest.Server, repository string, number, others int) {
	t.Helper()
	all := gh.Comments(repository, number)
	if len(all) != others+1 {
		t.Errorf("%d comments, want one beside %d", len(all), others)
		return
	}
	body := all[others].Body
	for n := range crowd {
		if !says(body, said(n)) || !strings.Contains(body, fmt.Sprintf("\n#### `leg %d`\n", n)) {
			t.Errorf("leg %d was lost", n)
		}
	}
	if n := strings.Count(body, "<!-- layercause:section:"); n != crowd || strings.Contains(body, "stale") {
		t.Errorf("%d sections:\n%s", n, body)
	}
}
