package cacheplan

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
)

// Bounds on names, so that a tag stays below the 128 characters of the
// distribution specification.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
const (
	longestSlug = 40
	hashDigits  = 8
)

// scope names the cache of what is built: readable, and a hash of all that tells it
// from other builds.
func (s Situation) scope() string {
	in := s.Invocation
	platforms := in.Platforms
	if len(platforms) == 0 && s.Platform != "" {
		platforms = []string{s.Platform}
	}
	context := folder(in.Context)
	all := append([]string{in.Dockerfile, context, in.Target}, platforms...)
	return "layercause-" + slug(strings.Join([]string{in.Dockerfile, in.Target, strings.Join(platforms, "-")}, "-")) + "-" + hash(all...)
}

// folder is a context without the commit that a URL names, which is another one
// each time.
func folder(context string) string {
	if base, rest, ok := strings.Cut(context, "#"); ok {
		_, sub, _ := strings.Cut(rest, ":")
		return base + ":" + sub
	}
	base, rest, ok := strings.Cut(context, "?")
	if query, err := url.ParseQuery(rest); ok && err == nil && strings.Contains(base, "://") {
		return base + ":" + query.Get("subdir")
	}
	return context
}

// ref names the cache of a branch in a registry. GitHub's service needs no such
// name: it keeps branches apart itself, and lets a branch read its base's.
func (s Situation) ref(repository, branch string) string {
	tag := slug(branch)
	if tag != branch {
		tag = strings.TrimPrefix(tag+"-"+hash(branch), "-")
	}
	return repository + ":" + s.scope() + "-" + tag
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(text string) string {
	text = strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if len(text) > longestSlug {
		text = strings.Trim(text[:longestSlug], "-")
	}
	return text
}

// hash tells lists of texts apart.
func hash(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:hashDigits]
}
