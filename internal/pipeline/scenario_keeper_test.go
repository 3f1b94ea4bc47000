package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/history/actionscachetest"
)

// A keeper holds a story's cache outside of the daemon, which is pruned between the
// builds.
type keeper struct {
	// from and to are what --cache-from and --cache-to take, without a mode; ref is
	// how reports call the cache.
	from, to, ref string
	// env is what the runner or the user has set for it.
	env map[string]string
	// secret opens the cache, and is in nothing that a build leaves.
	secret string
	// remove drops the index alone, or all results and not the index. It returns how
	// many things it dropped.
	remove func(index bool) (int, error)
	// branch has the next builds be of another branch; nil where that is no matter.
	branch func(name string)
}

func inFolder(w *world) keeper {
	dir := filepath.Join(w.dir, w.story.name+"-cache")
	return keeper{
		from: "type=local,src=" + dir, to: "type=local,dest=" + dir, ref: filepath.Base(dir),
		remove: func(index bool) (int, error) {
			if index {
				return 1, os.Remove(filepath.Join(dir, "index.json"))
			}
			n := 0
			blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
			for _, path := range blobs {
				text, err := os.ReadFile(path)
				if err != nil {
					return n, err
				}
				if bytes.HasPrefix(text, []byte("{")) {
					continue // the manifest or the index
				}
				if err := os.Remove(path); err != nil {
					return n, err
				}
				n++
			}
			return n, err
		},
	}
}

// inActionsCache is a service of the story's own. Its builds are those of the main
// branch until an act says otherwise.
func inActionsCache(w *world) keeper {
	c := actionscachetest.Start(w.t)
	env := map[string]string{"ACTIONS_RESULTS_URL": c.URL, "ACTIONS_CACHE_SERVICE_V2": "true"}
	scopes := func(branch string) []actionscachetest.Scope {
		own := actionscachetest.Scope{Scope: "refs/heads/" + branch, Permission: 3}
		if branch == "main" {
			return []actionscachetest.Scope{own}
		}
		return []actionscachetest.Scope{own, {Scope: "refs/heads/main", Permission: 1}}
	}
	on := scopes("main")
	token := c.Token(w.t, on...)
	env["ACTIONS_RUNTIME_TOKEN"] = token
	return keeper{
		from: "type=gha,scope=cache", to: "type=gha,scope=cache", ref: "cache", env: env,
		secret: token[:strings.IndexByte(token, '.')+20], // any token's beginning
		remove: func(index bool) (int, error) {
			if index {
				return c.Remove(on[0].Scope, "index-"), nil
			}
			return c.Remove(on[0].Scope, "buildkit-blob-"), nil
		},
		branch: func(name string) {
			on = scopes(name)
			env["ACTIONS_RUNTIME_TOKEN"] = c.Token(w.t, on...)
			env["GITHUB_REF"] = on[0].Scope
		},
	}
}

func inS3(w *world, s *buildkittest.S3) keeper {
	prefix := w.story.name + "/"
	attrs := s.Attrs(prefix)
	k := keeper{
		secret: attrs["secret_access_key"],
		from:   "type=s3,name=cache", ref: s.Bucket + "/" + prefix + "cache",
		env: map[string]string{
			"AWS_ACCESS_KEY_ID": attrs["access_key_id"], "AWS_SECRET_ACCESS_KEY": attrs["secret_access_key"],
			"AWS_REGION": attrs["region"], "AWS_BUCKET": attrs["bucket"],
		},
		remove: func(index bool) (int, error) { return s.Remove(prefix + kindOf(index)) },
	}
	for _, name := range []string{"endpoint_url", "use_path_style", "prefix"} {
		k.from += "," + name + "=" + attrs[name]
	}
	k.to = k.from
	return k
}

func inAzblob(w *world, a *buildkittest.Azurite) keeper {
	prefix := w.story.name + "/"
	attrs := a.Attrs(prefix)
	k := keeper{
		secret: a.Key,
		from:   "type=azblob,name=cache", ref: a.Container + "/" + prefix + "cache",
		env:    map[string]string{"AZURE_STORAGE_ACCOUNT_URL": attrs["account_url"]},
		remove: func(index bool) (int, error) { return a.Remove(w.t.Context(), prefix+kindOf(index)) },
	}
	for _, name := range []string{"account_name", "secret_access_key", "container", "prefix"} {
		k.from += "," + name + "=" + attrs[name]
	}
	k.to = k.from
	return k
}

func kindOf(index bool) string {
	if index {
		return "manifests/"
	}
	return "blobs/"
}

// inRegistry is a cache beside the story's base image, whose layers stay when the
// cache's are deleted: the registry keeps equal ones once.
func inRegistry(w *world) keeper {
	host, repository, _ := strings.Cut(w.registry, "/")
	address := "http://" + host + "/v2/" + repository
	return keeper{
		from: "type=registry,ref=" + w.registry + "/cache", to: "type=registry,ref=" + w.registry + "/cache", ref: w.registry + "/cache",
		remove: func(index bool) (int, error) {
			if index {
				return 1, ask(http.MethodDelete, address+"/cache/manifests/latest", nil)
			}
			var cache, base struct{ Layers []struct{ Digest string } }
			if err := ask(http.MethodGet, address+"/cache/manifests/latest", &cache); err != nil {
				return 0, err
			}
			if err := ask(http.MethodGet, address+"/base/manifests/latest", &base); err != nil {
				return 0, err
			}
			own := map[string]bool{}
			for _, l := range cache.Layers {
				own[l.Digest] = true
			}
			for _, l := range base.Layers {
				delete(own, l.Digest)
			}
			for digest := range own {
				if err := ask(http.MethodDelete, address+"/cache/blobs/"+digest, nil); err != nil {
					return 0, err
				}
			}
			return len(own), nil
		},
	}
}

// ask makes a request, and reads the answer's JSON into a value.
func ask(method, url string, value any) error {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, url, resp.Status)
	}
	if value == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(value)
}
