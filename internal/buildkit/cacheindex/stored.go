package cacheindex

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/layercause/layercause/internal/record"
)

// maxMessage bounds what a service's answer may add to an error.
const maxMessage = 500

// parseAll makes one index of the texts that a service keeps of several scopes or
// names. A text is nil where there is none. The first that is there names the whole:
// it is the one that an export with the same attributes writes.
func parseAll(texts [][]byte) (*Index, error) {
	all := &Index{}
	for _, text := range texts {
		if text == nil {
			continue
		}
		one, err := parse(text)
		if err != nil {
			return nil, err
		}
		if all.Digest == "" {
			all.Digest = one.Digest
		}
		all.Configs = append(all.Configs, one.Configs...)
		for layer, size := range one.Sizes {
			all.list(layer, size)
		}
	}
	if all.Digest == "" {
		return nil, ErrNone
	}
	return all, nil
}

// query is the query of a URL in a text. What follows the sign can be a signature
// that lets anyone read the cache.
var query = regexp.MustCompile(`(://[^\s?]*)\?\S*?("?[:,]?(?:\s|$))`)

// scrub makes one short line of an error, without the credentials that the cache
// was opened with and without any that stand in a URL.
func scrub(err error, credentials ...string) error {
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
