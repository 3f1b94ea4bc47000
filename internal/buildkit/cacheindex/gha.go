package cacheindex

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
	actionscache "github.com/tonistiigi/go-actions-cache"
	"golang.org/x/sync/errgroup"
)

// readGHA reads the index of a cache that GitHub's Actions cache service keeps.
//
// BuildKit asks for one index in each scope that the token may read (the branch's
// own, its base's, the default branch's), and takes results from all. A daemon that
// signs its caches keeps the index under this key and "-sig": the service, which
// looks for the newest key that begins with ours, finds that one too.
func readGHA(ctx context.Context, attrs map[string]string) (*Index, error) {
	token := attrs["token"]
	if token == "" {
		return nil, errors.New("the cache has no token")
	}
	address, v2, err := ghaService(attrs)
	if err != nil {
		return nil, err
	}
	cache, err := actionscache.New(token, address, v2, actionscache.Opt{})
	if err != nil {
		return nil, scrub(fmt.Errorf("reading the cache's token: %w", err), token)
	}
	scopes := slices.Clone(cache.Scopes())
	// The one that exports write to stands first.
	slices.SortStableFunc(scopes, func(a, b actionscache.Scope) int {
		return int(b.Permission&actionscache.PermissionWrite) - int(a.Permission&actionscache.PermissionWrite)
	})
	texts := make([][]byte, len(scopes))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range scopes {
		group.Go(func() (err error) {
			texts[i], err = ghaEntry(ctx, cache, ghaIndexKey(attrs, s.Scope))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, scrub(fmt.Errorf("asking the cache service: %w", err), token)
	}
	return parseAll(texts)
}

// ghaService is the address of the service, and whether it is that of version 2.
func ghaService(attrs map[string]string) (address string, v2 bool, err error) {
	version := 0
	if v, ok := attrs["version"]; ok {
		if version, err = strconv.Atoi(v); err != nil {
			return "", false, fmt.Errorf("the cache service's version is %q, want a number", v)
		}
	}
	if u, ok := attrs["url_v2"]; ok && version != 1 {
		address, version = u, 2
	}
	if address == "" {
		address = attrs["url"]
	}
	if address == "" {
		return "", false, errors.New("the cache has no url")
	}
	if version == 0 && strings.Contains(address, "results-receiver.actions.githubusercontent.com") {
		version = 2
	}
	return address, version > 1, nil
}

// ghaIndexKey is the key of a scope's index, without the number that each export
// counts up.
func ghaIndexKey(attrs map[string]string, scope string) string {
	name, ok := attrs["scope"]
	if !ok {
		name = "buildkit"
	}
	return "index-" + name + "-1-" + digest.FromString(scope).Encoded()[:8]
}

// ghaEntry reads the newest entry whose key begins with the given one, nil if there
// is none.
func ghaEntry(ctx context.Context, cache *actionscache.Cache, key string) ([]byte, error) {
	entry, err := cache.Load(ctx, key)
	if err != nil || entry == nil {
		return nil, err
	}
	var b bounded
	if err := entry.WriteTo(ctx, &b); err != nil {
		return nil, err
	}
	return b.text.Bytes(), nil
}

// bounded takes an index, and nothing that is larger than one.
type bounded struct{ text bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxIndex {
		return 0, fmt.Errorf("the index is larger than %d bytes", maxIndex)
	}
	return b.text.Write(p)
}
