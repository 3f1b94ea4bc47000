package cacheindex

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	v1types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

const (
	// maxStored bounds an index: one of 100,000 records has less than half of it.
	maxStored = 32 << 20
	// maxMessage bounds what a service's answer may add to an error.
	maxMessage = 500
)

var errTooLarge = fmt.Errorf("the index has more than %d MiB", maxStored>>20)

// stored makes an index of the JSON texts that a service keeps. A text is nil where
// a scope or a name has none.
func stored(texts [][]byte) (*Index, error) {
	index := &Index{}
	var names []string
	for _, text := range texts {
		if text == nil {
			continue
		}
		var c v1types.CacheConfig
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("parsing the index: %w", err)
		}
		index.Configs = append(index.Configs, c)
		index.Digest = digest.FromBytes(text)
		names = append(names, index.Digest.String())
	}
	switch {
	case len(names) == 0:
		return nil, ErrNone
	case len(names) > 1:
		index.Digest = digest.FromString(strings.Join(names, "\n"))
	}
	return index, nil
}

// readBounded reads all of an index, and nothing that is larger than one.
func readBounded(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxStored+1))
	if err == nil && len(text) > maxStored {
		err = errTooLarge
	}
	return text, err
}

// query is the query of a URL in a text. What follows the sign can be a signature
// that lets anyone read the cache.
var query = regexp.MustCompile(`(://[^\s?]*)\?\S*?("?[:,]?(?:\s|$))`)

// scrub makes one short line of an error, without the credentials that the cache
// was opened with and without any that stand in a URL.
func scrub(err error, credentials ...string) error {
	if err == nil || errors.Is(err, ErrNone) {
		return err
	}
	text := err.Error()
	// Its own text has lines of the answer's headers and body.
	if r := (*azcore.ResponseError)(nil); errors.As(err, &r) {
		text = fmt.Sprintf("the storage answered with status %d %s", r.StatusCode, r.ErrorCode)
	}
	for _, c := range credentials {
		if c != "" {
			text = strings.NewReplacer(c, "***", url.QueryEscape(c), "***", url.PathEscape(c), "***").Replace(text)
		}
	}
	text = record.RedactURLs(query.ReplaceAllString(text, "$1?***$2"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return errors.New(text)
}
