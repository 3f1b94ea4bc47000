package buildkit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/go-csvvalue"

	"github.com/layercause/layercause/internal/record"
)

// setCaches translates --cache-from and --cache-to; every type passes through.
func setCaches(o Options, r *request) error {
	var err error
	if r.imports, err = parseCaches("--cache-from", o.CacheFrom, o.Getenv); err != nil {
		return err
	}
	if r.exports, err = parseCaches("--cache-to", o.CacheTo, o.Getenv); err != nil {
		return err
	}
	// BuildKit's client would make the folder of a local cache that is not there.
	r.opt.CacheImports = slices.DeleteFunc(slices.Clone(r.imports), func(e client.CacheOptionsEntry) bool { return notThere(e) != "" })
	if inline, _ := strconv.ParseBool(r.buildArgs["BUILDKIT_INLINE_CACHE"]); inline {
		r.exports = append(r.exports, client.CacheOptionsEntry{Type: "inline", Attrs: map[string]string{}})
	}
	r.opt.CacheExports = slices.DeleteFunc(slices.Clone(r.exports), func(e client.CacheOptionsEntry) bool { return noService(e) != "" })
	return nil
}

// parseCaches reads buildx's syntax: KEY=VALUE fields, or bare references to a
// registry.
func parseCaches(flag string, values []string, getenv func(string) (string, bool)) ([]client.CacheOptionsEntry, error) {
	var out []client.CacheOptionsEntry
	for _, v := range values {
		if strings.TrimSpace(v) == "" {
			continue
		}
		fields, err := csvvalue.Fields(v, nil)
		if err != nil {
			return nil, &UsageError{fmt.Sprintf("%s: %v", flag, err), "quote values that hold a comma or a quote"}
		}
		if !strings.Contains(v, "=") {
			for _, ref := range fields {
				out = append(out, client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": ref}})
			}
			continue
		}
		attrs, err := keyValues(flag, v, fields)
		if err != nil {
			return nil, err
		}
		e := client.CacheOptionsEntry{Type: attrs["type"], Attrs: attrs}
		delete(attrs, "type")
		if err := completeCache(flag, &e, getenv); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// completeCache checks one entry and adds what buildx takes from the
// environment.
func completeCache(flag string, e *client.CacheOptionsEntry, getenv func(string) (string, bool)) error {
	set := func(key string, names ...string) {
		if e.Attrs[key] != "" {
			return
		}
		for _, n := range names {
			if v, ok := getenv(n); ok && v != "" {
				e.Attrs[key] = v
				return
			}
		}
	}
	switch e.Type {
	case "":
		return &UsageError{flag + ": a cache has no type", "write for example type=registry,ref=registry.example.com/app:cache"}
	case "registry":
		if e.Attrs["ref"] == "" {
			return &UsageError{flag + ": type=registry needs ref", "add ref=REGISTRY/NAME:TAG"}
		}
	case "local":
		key := map[string]string{"--cache-from": "src", "--cache-to": "dest"}[flag]
		if e.Attrs[key] == "" {
			return &UsageError{fmt.Sprintf("%s: type=local needs %s", flag, key), fmt.Sprintf("add %s=FOLDER", key)}
		}
	case "gha":
		set("token", "ACTIONS_RUNTIME_TOKEN")
		if _, v2 := ActionsCache(getenv); v2 {
			set("url_v2", "ACTIONS_RESULTS_URL")
			if e.Attrs["version"] == "" {
				e.Attrs["version"] = "2"
			}
		}
		set("url", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL")
	case "s3":
		if e.Attrs["access_key_id"] == "" || e.Attrs["secret_access_key"] == "" { // else the token is not theirs
			set("session_token", "AWS_SESSION_TOKEN")
		}
		set("access_key_id", "AWS_ACCESS_KEY_ID")
		set("secret_access_key", "AWS_SECRET_ACCESS_KEY")
		set("region", "AWS_REGION")
		set("bucket", "AWS_BUCKET")
	case "azblob":
		set("account_url", "AZURE_STORAGE_ACCOUNT_URL")
	}
	return nil
}

// cacheRef is what is shown of a cache: never a credential.
func cacheRef(e client.CacheOptionsEntry) string {
	switch e.Type {
	case "registry":
		return record.RedactURLs(e.Attrs["ref"])
	case "local":
		return filepath.Base(e.Attrs["src"] + e.Attrs["dest"])
	case "gha":
		if s := e.Attrs["scope"]; s != "" {
			return s
		}
		return "buildkit"
	case "s3":
		return e.Attrs["bucket"] + "/" + e.Attrs["prefix"] + e.Attrs["name"]
	case "azblob":
		return e.Attrs["container"] + "/" + e.Attrs["prefix"] + e.Attrs["name"]
	}
	return ""
}

// notThere says why a cache cannot be read.
func notThere(e client.CacheOptionsEntry) string {
	if e.Type != "local" {
		return noService(e)
	}
	// BuildKit only warns of these on its log and leaves no trace in the status stream.
	src := e.Attrs["src"]
	if fi, err := os.Stat(src); err != nil || !fi.IsDir() {
		return "the folder does not exist"
	}
	if _, err := os.Stat(filepath.Join(src, "index.json")); err != nil && e.Attrs["digest"] == "" {
		return "the folder holds no cache: it has no index.json"
	}
	return ""
}

// noService says why there is no Actions cache. A build outside of a job goes on
// without it, as buildx does: BuildKit would fail.
func noService(e client.CacheOptionsEntry) string {
	if e.Type == "gha" && (e.Attrs["token"] == "" || e.Attrs["url"] == "" && e.Attrs["url_v2"] == "") {
		return "left out, since GitHub gives the token of its cache to the steps of an action alone"
	}
	return ""
}
