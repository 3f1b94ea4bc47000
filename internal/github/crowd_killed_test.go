package github_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layercause/layercause/internal/github/githubtest"
)

// Jobs that are cancelled anywhere in their publication take no other job's section with
// them, and no second comment stays.
func TestKilledJobsLoseNothingOfOthers(t *testing.T) {
	gh, err := githubtest.New(githubtest.Options{AnyToken: true})
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for seed := range uint64(*seedsFlag) {
		number := int(seed) + 1
		gh.AddPull(repository, number, headSHA)
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 80))
			w := wire{server: gh, mu: &sync.Mutex{}, random: rand.New(rand.NewPCG(seed, 81)), most: 400 * time.Millisecond}
			var jobs sync.WaitGroup
			for n := range crowd {
				ctx, cancel := context.WithCancel(t.Context())
				if n%2 == 1 {
					kill := time.AfterFunc(time.Duration(random.Int64N(int64(12*time.Second))), cancel)
					defer kill.Stop()
				}
				jobs.Go(func() {
					defer cancel()
					cm := comment("")
					cm.Number, cm.Shared = number, true
					cm.Sections = append(cm.Sections[:0], section(fmt.Sprint("leg ", n), said(n)))
					_, err := job(t, w, seed, uint64(n)).Publish(ctx, cm)
					switch {
					case err == nil:
					case n%2 == 0:
						t.Errorf("leg %d: %v", n, err)
					default:
						w.mu.Lock()
						defer w.mu.Unlock()
						killed++
					}
				})
			}
			jobs.Wait()
		})
		list := gh.Comments(repository, number)
		if len(list) != 1 {
			t.Fatalf("seed %d: %d comments", seed, len(list))
		}
		for n := 0; n < crowd; n += 2 {
			if !says(list[0].Body, said(n)) {
				t.Errorf("seed %d: leg %d was lost", seed, n)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if killed == 0 {
		t.Error("no job was killed in time")
	}
	t.Logf("%d jobs were killed", killed)
}
