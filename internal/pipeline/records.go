package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/actionscache"
	"github.com/layercause/layercause/internal/history/ociartifact"
	"github.com/layercause/layercause/internal/record"
)

// How long a remote history may take. Restoring runs beside the build, saving beside
// the publishing of the report; a store that hangs holds a build up no longer.
const (
	restoreTime = 5 * time.Second
	saveTime    = 8 * time.Second
	// earlyTime is how long a choice that stands before the build waits for the
	// records it would be made by.
	earlyTime = 2 * time.Second
)

// records is where a build's record goes and where the earlier ones come from: a
// folder, or a remote with a folder that lasts as long as the build.
type records struct {
	store    *history.Store // nil: there is none
	warnings []string       // to be read after salt

	// Of a remote alone.
	mirror   *history.Mirror
	where    string // its name in messages
	temp     string
	restored chan struct{}
	saved    chan struct{}
	notices  []string
	failed   bool // restoring did
	cancel   func()

	once sync.Once
	key  record.Salt
}

const historyHint = "name a folder, gha for the Actions cache, or oci://REGISTRY/NAME[:TAG]"

// inActionsCache is the --history that names the Actions cache.
const inActionsCache = "gha"

// openRecords opens the history that --history names. Without a name it is the
// Actions cache where there is one, else a folder. A history that cannot be opened
// is a warning; a name that means nothing is an error.
func openRecords(env Env, where string, logins builder.Logins) (*records, error) {
	remote, name, err := remoteHistory(env, where, logins)
	var no *unusable
	if errors.As(err, &no) {
		r := openFolder(env, "")
		r.notices = []string{fmt.Sprintf("The Actions cache cannot be the history: %v. This build's record is kept in a folder of the runner instead.", no.err)}
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if remote == nil {
		return openFolder(env, where), nil
	}
	r := &records{where: name, restored: make(chan struct{})}
	if r.temp, err = os.MkdirTemp("", "layercause-history-"); err == nil {
		r.store, err = history.Open(r.temp)
	}
	if err != nil {
		r.warnings = append(r.warnings, fmt.Sprintf("making a folder for the history: %v", err))
		r.store = nil
		return r, nil
	}
	r.mirror = history.NewMirror(r.store, remote)
	return r, nil
}

func openFolder(env Env, dir string) *records {
	if dir == "" {
		if dir = defaultHistory(env); dir == "" {
			return &records{warnings: []string{"there is no cache folder for the history; name one with --history"}}
		}
	}
	s, err := history.Open(dir)
	if err != nil {
		return &records{warnings: []string{err.Error()}}
	}
	return &records{store: s}
}

// unusable is why there is a cache service that this job cannot use.
type unusable struct{ err error }

func (u *unusable) Error() string { return u.err.Error() }

// remoteHistory returns the remote that is meant, nil for a folder.
func remoteHistory(env Env, where string, logins builder.Logins) (remote history.Remote, name string, err error) {
	service, there := actionsCache(env)
	switch {
	case where == inActionsCache && !there:
		return nil, "", usage("GitHub gives it to the steps of an action and not to those of a run: line; there, name a folder or oci://REGISTRY/NAME",
			"--history gha: there is no Actions cache: ACTIONS_RUNTIME_TOKEN or the address of the service is not set")
	case where == inActionsCache || where == "" && env.inActions() && there:
		s, err := actionscache.New(service)
		if err != nil {
			return nil, "", &unusable{err}
		}
		return s, "the Actions cache", nil
	case strings.HasPrefix(where, "oci://"):
		s, err := ociartifact.New(ociartifact.Options{
			Reference: strings.TrimPrefix(where, "oci://"), Credential: credentials(env, logins), Client: &http.Client{},
		})
		if err != nil {
			return nil, "", usage("write for example oci://ghcr.io/octo/app", "--history %q: %w", record.RedactURLs(where), err)
		}
		return s, s.String(), nil
	case strings.Contains(where, "://"):
		return nil, "", usage(historyHint, "--history %q is unknown", record.RedactURLs(where))
	}
	return nil, "", nil
}

// actionsCache is what the job is told of its cache service; there says that it has
// one.
func actionsCache(env Env) (o actionscache.Options, there bool) {
	o.Token, o.Mode = env.getenv("ACTIONS_RUNTIME_TOKEN"), env.getenv("ACTIONS_CACHE_MODE")
	o.URL, o.V2 = buildkit.ActionsCache(env.LookupEnv)
	return o, o.Token != "" && o.URL != ""
}

// restore starts to bring the remote's records of a key.
func (r *records) restore(ctx context.Context, key history.Key) {
	if r.mirror == nil {
		return
	}
	ctx, r.cancel = context.WithTimeout(ctx, restoreTime)
	go func() {
		defer close(r.restored)
		err := guarded(func() error {
			passed, err := r.mirror.Restore(ctx, key)
			r.notices = append(r.notices, passed...)
			return err
		})
		if err != nil {
			r.failed = true
			r.notices = append(r.notices, fmt.Sprintf(
				"The history in %s could not be read: %v. This build is compared with no earlier one, and its record is not kept.", r.where, err))
		}
	}()
}

// guarded makes an error of a fault of ours: what a remote holds must not end a build.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a fault of layercause: %v", p)
		}
	}()
	return work()
}

// early returns the history for what is decided before the build; nil if it is not
// there in time.
func (r *records) early() *history.Store {
	if r.mirror == nil {
		return r.store
	}
	select {
	case <-r.restored:
		return r.store
	case <-time.After(earlyTime):
		return nil
	}
}

// salt waits for the records and returns the salt of their digests.
func (r *records) salt() record.Salt {
	if r.mirror != nil {
		<-r.restored
	}
	r.once.Do(func() { r.key, r.warnings = saltOf(r.store, r.warnings) })
	return r.key
}

// pathSalt keys the name of a repository that has no remote. A remote history's own
// salt comes too late for that; there such names are not kept from who can guess them.
func (r *records) pathSalt() record.Salt {
	if r.mirror != nil {
		return record.Salt{}
	}
	return r.salt()
}

// searched completes where an earlier record was looked for.
func (r *records) searched(places []string) []string {
	if r.mirror == nil {
		return places
	}
	var out []string
	for _, p := range places {
		p += ", in " + r.where
		if r.failed {
			p += ", which could not be read"
		}
		out = append(out, p)
	}
	return out
}

// put keeps the record. Saving it to the remote goes on until wait.
func (r *records) put(ctx context.Context, head *record.Record, data []byte) []string {
	if r.store == nil {
		return nil
	}
	warnings, err := r.store.PutEncoded(ctx, head, data)
	if err != nil {
		warnings = append(warnings, err.Error())
	}
	if r.mirror == nil || r.failed {
		return warnings
	}
	r.saved = make(chan struct{})
	go func() {
		defer close(r.saved)
		ctx, cancel := context.WithTimeout(ctx, saveTime)
		defer cancel()
		// The jobs of a matrix share the second one and may have to wait for each other.
		var writer error
		var other sync.WaitGroup
		other.Go(func() { writer = guarded(func() error { return r.mirror.SaveWriter(ctx, head) }) })
		err := guarded(func() error { return r.mirror.Save(ctx, head, data) })
		other.Wait()
		switch {
		case errors.Is(err, history.ErrReadOnly):
			r.notices = append(r.notices, fmt.Sprintf("This build's record is not kept: this job may only read %s.", r.where))
		case err != nil:
			r.notices = append(r.notices, fmt.Sprintf("This build's record could not be kept in %s: %v.", r.where, err))
		case writer != nil:
			r.notices = append(r.notices, fmt.Sprintf("That this build wrote its caches could not be kept in %s: %v.", r.where, writer))
		}
	}()
	return warnings
}

// wait ends the saving, and says what went wrong in one notice.
func (r *records) wait(notice func(string)) {
	if r.saved != nil {
		<-r.saved
	}
	if len(r.notices) > 0 {
		notice(strings.Join(r.notices, " "))
	}
}

func (r *records) close() {
	if r.cancel != nil {
		r.cancel()
		<-r.restored // or it would write to the folder still
	}
	if r.temp != "" {
		os.RemoveAll(r.temp)
	}
}
