package actionscache

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	actionscache "github.com/tonistiigi/go-actions-cache"
	"golang.org/x/sync/errgroup"

	"github.com/layercause/layercause/internal/history"
)

// Options say which service to use.
type Options struct {
	// Token is the job's ACTIONS_RUNTIME_TOKEN, URL the address of the service.
	Token, URL string
	// V2 says that the service has version 2 of the API.
	V2 bool
	// Mode is the job's ACTIONS_CACHE_MODE. Empty, or a word that is not known, says
	// nothing.
	Mode string
}

// Store is a history in the Actions cache.
type Store struct {
	cache *actionscache.Cache
	// scopes are those that may be read, the one that may be written first.
	scopes   []string
	writable bool
}

// abandoned is how long a number stays reserved without an entry before it is taken
// for one of a job that was stopped. The service keeps such a number for a day or more.
// https://github.com/actions/cache/issues/1612
const abandoned = 3 * time.Second

// patience is how long one request is tried while the service says that it is
// asked too often. A Retry-After beyond it is not waited for.
const patience = 3 * time.Second

// pause is the mean time between two tries, of which there is room for several in
// the time that a job ends in.
const pause = 200 * time.Millisecond

// New reads the scopes of the token. It asks no service. The error is
// [ErrClosed] if the job may not read its cache.
func New(o Options) (*Store, error) {
	// https://github.com/actions/toolkit/pull/2447: the mode is one of none, read,
	// write and write-only, and only read and write let a job read.
	if o.Mode == "none" || o.Mode == "write-only" {
		return nil, fmt.Errorf("%w: ACTIONS_CACHE_MODE is %s", ErrClosed, o.Mode)
	}
	// A pool of its own: BuildKit's exporter waits in the common one.
	c, err := actionscache.New(o.Token, o.URL, o.V2, actionscache.Opt{
		Timeout: patience, BackoffPool: &actionscache.BackoffPool{}, UserAgent: "layercause",
	})
	if err != nil {
		// Its text may hold a part of the token.
		return nil, errors.New("ACTIONS_RUNTIME_TOKEN is no token of the cache service, or is not valid now")
	}
	s := &Store{cache: c}
	scopes := slices.Clone(c.Scopes())
	slices.SortStableFunc(scopes, func(a, b actionscache.Scope) int {
		return cmp.Compare(b.Permission&actionscache.PermissionWrite, a.Permission&actionscache.PermissionWrite)
	})
	for i, x := range scopes {
		if i == 0 && x.Permission&actionscache.PermissionWrite != 0 {
			s.writable = o.Mode != "read"
		}
		if x.Permission&actionscache.PermissionRead != 0 {
			s.scopes = append(s.scopes, x.Scope)
		}
	}
	if len(s.scopes) == 0 {
		return nil, fmt.Errorf("%w: its token has no scope to read", ErrClosed)
	}
	return s, nil
}

// ErrClosed says that the job may not read its cache.
var ErrClosed = errors.New("the job may not read its cache")

// Load returns the archives of a name, that of the own scope first.
func (s *Store) Load(ctx context.Context, name string) ([][]byte, error) {
	found := make([][]byte, len(s.scopes))
	group, ctx := errgroup.WithContext(ctx)
	for i, scope := range s.scopes {
		group.Go(func() (err error) {
			found[i], _, err = s.load(ctx, key(name, scope))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(data []byte) bool { return data == nil }), nil
}

// Update replaces the archive of the own scope.
func (s *Store) Update(ctx context.Context, name string, merge func(old []byte) ([]byte, error)) error {
	if !s.writable {
		return history.ErrReadOnly
	}
	base := key(name, s.scopes[0])
	newest, since := -1, time.Time{}
	for {
		old, number, err := s.load(ctx, base)
		if err != nil {
			return err
		}
		if number != newest {
			newest, since = number, time.Now()
		}
		next := number + 1 + gap(time.Since(since))
		data, err := merge(old)
		if err != nil {
			return err
		}
		err = s.cache.Save(ctx, base+strconv.Itoa(next), actionscache.NewBlob(data))
		if !errors.Is(err, os.ErrExist) {
			return plain(ctx, err, history.ErrReadOnly)
		}
		select {
		case <-ctx.Done():
			return plain(ctx, ctx.Err(), nil)
		case <-time.After(pause/2 + rand.N(pause)):
		}
	}
}

// gap is how many numbers are left out after having waited for others to write theirs. At
// first it is one, which is the same for all who wait, so that none writes over another.
// Where that is taken too and nothing comes, several jobs were stopped, nobody knows how
// many, and any number will do that is likely free.
func gap(waited time.Duration) int {
	switch {
	case waited > abandoned*3/2:
		return 1 + rand.N(1<<16)
	case waited > abandoned:
		return 1
	}
	return 0
}

// key is that of a scope's entries, without their number.
func key(name, scope string) string {
	sum := sha256.Sum256([]byte(scope))
	return "layercause-1-" + name + "-" + hex.EncodeToString(sum[:4]) + "#"
}

// load reads the newest entry whose key begins with base, and its number. There is
// none if data is nil.
func (s *Store) load(ctx context.Context, base string) (data []byte, number int, err error) {
	entry, err := s.cache.Load(ctx, base)
	if err != nil || entry == nil {
		return nil, 0, plain(ctx, err, ErrClosed)
	}
	number, err = strconv.Atoi(strings.TrimPrefix(entry.Key, base))
	if err != nil || number < 1 {
		return nil, 0, errors.New("the service answered with an entry that was not asked for")
	}
	var b bounded
	if err := entry.WriteTo(ctx, &b); err != nil && !errors.Is(err, errTooLarge) {
		return nil, 0, plain(ctx, err, ErrClosed)
	}
	return append([]byte{}, b.data.Bytes()...), number, nil
}

var errTooLarge = errors.New("too large")

// bounded takes an archive, and of what is larger just enough for that to be seen.
type bounded struct{ data bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := history.MaxArchive + 1 - b.data.Len(); len(p) > room {
		b.data.Write(p[:room])
		return room, errTooLarge
	}
	return b.data.Write(p)
}
